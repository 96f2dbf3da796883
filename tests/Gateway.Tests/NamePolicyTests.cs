using Google.Protobuf;
using Grpc.Core;
using Topfive.Gateway.V1;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>What the operator allows new datasets, heads and labels to be called.</summary>
public sealed class NamePolicyTests
{
    [Fact]
    public async Task New_names_are_as_long_and_of_such_characters_as_the_operator_allows()
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxNameLength", "8"), ("Limits:NamePattern", "[a-z-]+"));

        async Task<string> IngestAsync(string dataset, string label)
        {
            using var stream = gateway.Ingestions.Ingest();
            await stream.RequestStream.WriteAsync(new LabeledImage { Dataset = dataset, Label = label, Image = ByteString.CopyFromUtf8("photo") });
            await stream.RequestStream.CompleteAsync();
            return (await stream.ResponseStream.ReadAllAsync().SingleAsync()).Error?.Message ?? "";
        }

        Assert.Equal("", await IngestAsync("eight-ch", "cat"));
        Assert.Contains("has 9 characters; a new name has 1 to 8 here (Limits__MaxNameLength)", await IngestAsync("nine-char", "cat"));
        Assert.Contains("label 'Cat' is no name that is allowed here: new names match [a-z-]+ (Limits__NamePattern)", await IngestAsync("pets", "Cat"));
        Assert.Contains("Limits__NamePattern", await IngestAsync("pets", "cat\u2028"));
    }

    [Theory]
    [InlineData("(a", "(a")]
    [InlineData("a(?=b)", "NonBacktracking")]
    public async Task A_pattern_that_could_not_be_used_stops_the_start(string pattern, string message)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => RunningGateway.StartAsync(("Limits:NamePattern", pattern)));

        Assert.Contains("Limits__NamePattern", error.Message);
        Assert.Contains(message, error.Message);
    }
}
