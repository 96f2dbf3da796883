using System.Text.Json;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class JsonTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    /// <summary>The names are the protos': programs read them.</summary>
    [Theory]
    [InlineData("heads", "head,version,labels,live", 2)]
    [InlineData("heads flowers", "head,version,labels,live", 1)]
    [InlineData("heads show flowers", "head,version,labels,live", 1)]
    [InlineData("heads history flowers", "from_version,to_version,cause,reason", 1)]
    [InlineData("runs show r1", "run,epochs,finished", 1)]
    [InlineData("train garden", "run,epochs,finished", 1)]
    [InlineData("export --head flowers --out FOLDER/flowers.onnx", "file,bytes", 1)]
    [InlineData("keys new --name ci --roles predict", "key,settings", 1)]
    public async Task Results_are_documents_of_stable_names_a_line_each(string line, string names, int count)
    {
        await using var gateway = await StartAsync();
        string[] args = [.. line.Replace("FOLDER", _folder.Path).Split(' '), "--json"];

        var outcome = line.StartsWith("keys", StringComparison.Ordinal) ? await CommandLine.RunAsync(args) : await gateway.RunAsync(args);

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        var lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(count, lines.Length);
        Assert.All(lines, document =>
            Assert.Superset(names.Split(',').ToHashSet(), JsonDocument.Parse(document).RootElement.EnumerateObject().Select(property => property.Name).ToHashSet()));
    }

    [Fact]
    public async Task An_import_says_what_became_of_it_and_everything_else_on_standard_error()
    {
        await using var gateway = await StartAsync();
        Directory.CreateDirectory(_folder.File("images/a"));
        foreach (var (name, content) in new[] { ("1.png", "new"), ("2.png", "hit"), ("3.png", "bad") })
        {
            await File.WriteAllTextAsync(_folder.File($"images/a/{name}"), content);
        }

        var outcome = await gateway.RunAsync("import", _folder.File("images"), "--dataset", "d", "--json");

        Assert.Equal(
            """{"dataset":"d","imported":2,"computed":1,"cache_hits":1,"augmented_copies":0,"computed_copies":0,"failed":[{"id":"a/3.png","reason":"INVALID_ARGUMENT: the JPEG is truncated"}],"overruled":[]}""",
            outcome.Output.Trim());
        Assert.Contains("Imported 2 into \"d\"", outcome.Errors);
    }

    [Fact]
    public async Task A_converted_backbone_is_named_with_its_fingerprint()
    {
        var model = await TestBackbone.ModelAsync();

        var outcome = await CommandLine.RunAsync(["backbone", "convert", "--backbone", model, "--out", _folder.File("fp16.onnx"), "--json"]);

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        var document = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(BackboneFile.Read(_folder.File("fp16.onnx")).Fingerprint, document.GetProperty("fingerprint").GetString());
        Assert.InRange(document.GetProperty("golden_cosine").GetDouble(), 0.999, 1.000001);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<FakeGateway> StartAsync()
    {
        var gateway = await FakeGateway.StartAsync();
        gateway.State.Heads.Add(new Head { Head_ = "flowers", Version = 2, Labels = { "rose" } });
        gateway.State.Heads.Add(new Head { Head_ = "dogs", Version = 1 });
        gateway.State.Promotions.Add(new Promotion { FromVersion = 1, ToVersion = 2, Cause = PromotionCause.Promoted });
        gateway.State.Events =
        [
            new RunEvent { Epoch = new Epoch { Epoch_ = 1, Loss = 0.5f } },
            new RunEvent { Finished = new Finished { Head = "flowers", Version = 2 } },
        ];
        return gateway;
    }
}
