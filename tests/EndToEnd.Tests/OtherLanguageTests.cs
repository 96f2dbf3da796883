using System.Text.Json;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>tests/clients/node: JavaScript with nothing but the address, everything else asked by reflection.</summary>
public sealed class OtherLanguageTests(EmbeddedTopfive embedded) : IClassFixture<EmbeddedTopfive>
{
    [Fact]
    public async Task A_javascript_client_predicts_by_reflection_alone()
    {
        using var directory = new TempDirectory();
        var photo = (await TestPhotos.AllAsync())[0];
        var (good, broken) = (Path.Combine(directory.Path, "good.jpg"), Path.Combine(directory.Path, "broken.jpg"));
        await File.WriteAllBytesAsync(good, photo.ReadBytes());
        await File.WriteAllBytesAsync(broken, BadImages.Truncated(photo.ReadBytes()));
        await ImportOwnHeadAsync();

        using var seen = JsonDocument.Parse(await NodeClient.RunAsync(embedded.Topfive.GatewayAddress.Authority, "own", good, broken));
        var root = seen.RootElement;

        var services = root.GetProperty("services").EnumerateArray().Select(name => name.GetString()).ToList();
        Assert.Contains("topfive.gateway.v1.Prediction", services);
        Assert.Contains("topfive.classifier.v1.Training", services);
        Assert.Contains("grpc.health.v1.Health", services);
        Assert.Equal(root.GetProperty("expectedHash").GetString(), root.GetProperty("first").GetProperty("hash").GetString());
        Assert.Equal("COMPUTED", root.GetProperty("first").GetProperty("source").GetString());
        Assert.Equal("STORE", root.GetProperty("again").GetProperty("source").GetString());
        Assert.Equal(5, root.GetProperty("first").GetProperty("predictions").GetArrayLength());
        Assert.Equal(2, root.GetProperty("again").GetProperty("predictions").GetArrayLength());
        Assert.Equal(2048, root.GetProperty("dimensions").GetInt32());
        Assert.True(root.GetProperty("norm").GetDouble() > 1);
        Assert.Equal("INVALID_ARGUMENT", root.GetProperty("refused").GetProperty("code").GetString());
        Assert.Contains("cut short", root.GetProperty("refused").GetProperty("message").GetString()!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("NOT_FOUND", root.GetProperty("unknown").GetProperty("code").GetString());
        Assert.Equal(5, root.GetProperty("streamed").GetProperty("good").GetInt32());
        Assert.Equal(3, root.GetProperty("streamed").GetProperty("broken").GetProperty("code").GetInt32());
    }

    private async Task ImportOwnHeadAsync()
    {
        using var import = embedded.Topfive.Heads.ImportHead();
        var model = await File.ReadAllBytesAsync(Path.ChangeExtension(await TestBackbone.ModelAsync(), ".head.onnx"));
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = "own", Promote = true, Data = Google.Protobuf.ByteString.CopyFrom(model) });
        await import.RequestStream.CompleteAsync();
        await import;
    }
}

internal static class NodeClient
{
    /// <returns>What the client prints.</returns>
    public static Task<string> RunAsync(params string[] arguments) => RunScriptAsync("client.mjs", arguments);

    public static async Task<string> RunScriptAsync(string script, string[] arguments)
    {
        var folder = Path.Combine(Repository.Root, "tests", "clients", "node");
        using (await Repository.LockAsync(Path.Combine(folder, "lock")))
        {
            if (!Directory.Exists(Path.Combine(folder, "node_modules", "@grpc")))
            {
                await Repository.RunAsync(folder, "npm", "ci", "--ignore-scripts");
            }
        }

        return await Repository.RunAsync(folder, "node", [script, .. arguments]);
    }
}
