using System.Text.RegularExpressions;
using SkiaSharp;
using Topfive.Cli;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>
/// The three services as processes of their own with all of it on: a Redis that asks for certificates, services that let nobody in but the
/// Gateway, and a Gateway that asks for keys; and the command line as their caller.
/// </summary>
public sealed partial class SecuredTests : IAsyncLifetime
{
    private static readonly string[] Roles = ["predict", "ingest", "train", "admin"];

    private readonly TempDirectory _directory = new();
    private readonly TestCertificates _certificates = new();
    private readonly Dictionary<string, string> _keys = [];
    private readonly List<ServiceProcess> _services = [];
    private RedisServer? _redis;
    private string _gateway = "";

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.TryStartAsync(certificates: _certificates);
        Assert.SkipWhen(_redis is null, RedisServer.WhySkipped);
        var (redisCertificate, redisKey) = _certificates.Issue();
        var store = new Dictionary<string, string?>
        {
            ["Store__ConnectionString"] = $"localhost:{_redis.TlsPort},ssl=true",
            ["Store__Ca"] = _certificates.Ca,
            ["Store__Certificate"] = redisCertificate,
            ["Store__CertificateKey"] = redisKey,
            ["Security__ClientCa"] = _certificates.Ca,
            ["Security__ClientNames"] = "gateway.test",
        };
        var features = await StartAsync("Topfive.FeatureService", new(store) { ["Backbone__Model"] = SmallBackbone.Write(_directory.File("small.onnx")) });
        var classifier = await StartAsync("Topfive.ClassifierService", store);
        var (certificate, key) = _certificates.Issue("gateway.test");
        var gateway = new Dictionary<string, string?>
        {
            ["Services__Features"] = $"dns:///localhost:{features.Address.Port}",
            ["Services__Classifier"] = $"dns:///localhost:{classifier.Address.Port}",
            ["Services__Tls"] = "true",
            ["Services__Ca"] = _certificates.Ca,
            ["Services__Certificate"] = certificate,
            ["Services__CertificateKey"] = key,
        };
        foreach (var (i, role) in Roles.Index()) await MakeKeyAsync(i, role, gateway);
        _gateway = $"https://localhost:{(await StartAsync("Topfive.Gateway", gateway)).Address.Port}";
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services) await service.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
        _certificates.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task The_command_line_imports_trains_and_predicts_by_keys_and_may_do_nothing_else_with_them()
    {
        var photos = MakePhotos();
        var photo = Directory.EnumerateFiles(photos, "*.png", SearchOption.AllDirectories).First();
        // The FeatureService warms up.
        for (var patience = DateTime.UtcNow.AddMinutes(1); (await RunAsync("predict", "predict", photo, "--head", "pets")).Errors.Contains("UNAVAILABLE", StringComparison.Ordinal) && DateTime.UtcNow < patience;) await Task.Delay(100);

        Assert.Equal((0, ""), Ended(await RunAsync("ingest", "import", photos, "--dataset", "pets")));
        Assert.Equal((0, ""), Ended(await RunAsync("train", "train", "pets", "--epochs", "2", "--promote")));
        Assert.Equal((0, ""), Ended(await RunAsync("predict", "predict", photo, "--head", "pets")));
        Assert.Contains("train", (await RunAsync("train", "heads", "history", "pets")).Output, StringComparison.Ordinal);

        Assert.Contains("PERMISSION_DENIED", (await RunAsync("predict", "import", photos, "--dataset", "pets")).Errors, StringComparison.Ordinal);
        Assert.Contains("needs the role admin; 'train' has train", (await RunAsync("train", "heads", "delete", "pets", "--all")).Errors, StringComparison.Ordinal);
        Assert.Contains("UNAUTHENTICATED", (await RunAsync(null, "predict", photo, "--head", "pets")).Errors, StringComparison.Ordinal);
        Assert.Contains("--ca-file", (await CommandLineAsync(["heads", "--gateway", _gateway, "--api-key", _keys["train"]])).Errors, StringComparison.Ordinal);
        Assert.Contains("https://", (await CommandLineAsync(["heads", "--gateway", _gateway.Replace("https", "http", StringComparison.Ordinal), "--api-key", _keys["train"]])).Errors, StringComparison.Ordinal);
        Assert.Contains("pets", (await RunAsync("admin", "heads")).Output, StringComparison.Ordinal);
        // Past the Gateway, with a certificate of the same CA and another name.
        var (certificate, key) = _certificates.Issue("stranger.test");
        foreach (var service in _services.Take(2))
        {
            var stranger = await CommandLineAsync(["heads", "--gateway", $"https://localhost:{service.Address.Port}", "--ca-file", _certificates.Ca, "--client-certificate", certificate, "--client-key", key]);
            // The certificate is refused when the client believes the connection to stand: what it makes of that depends on how far it had come.
            Assert.Matches("UNAVAILABLE|INTERNAL: Error starting gRPC call", stranger.Errors);
            Assert.Equal(1, stranger.ExitCode);
        }
    }

    private static (int, string) Ended((int ExitCode, string Output, string Errors) outcome) => (outcome.ExitCode, outcome.Errors);

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(string? role, params string[] command) =>
        CommandLineAsync([.. command, "--gateway", _gateway, "--ca-file", _certificates.Ca, .. role is null ? Array.Empty<string>() : ["--api-key", _keys[role]]]);

    private static async Task<(int ExitCode, string Output, string Errors)> CommandLineAsync(string[] args)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var exitCode = await Topfive.Cli.Program.RunAsync(args, Terminal.Plain(output, errors));
        return (exitCode, output.ToString(), errors.ToString());
    }

    /// <summary>As a person does: the key is for the caller, the settings for the Gateway.</summary>
    private async Task MakeKeyAsync(int index, string role, Dictionary<string, string?> settings)
    {
        var (_, output, _) = await CommandLineAsync(["keys", "new", "--name", role, "--roles", role, "--index", $"{index}"]);
        _keys[role] = KeyLine.Match(output).Value;
        foreach (Match setting in SettingLine.Matches(output)) settings[setting.Groups[1].Value] = setting.Groups[2].Value.Trim();
        Assert.DoesNotContain(_keys[role], string.Join(' ', settings.Values), StringComparison.Ordinal);
    }

    private async Task<ServiceProcess> StartAsync(string program, Dictionary<string, string?> settings)
    {
        var (certificate, key) = _certificates.Issue();
        var service = await ServiceProcess.StartAsync(program, [], ServiceProcess.NowListening, new Dictionary<string, string?>(settings)
        {
            ["Listen__GrpcPort"] = "0",
            ["Listen__HttpPort"] = "0",
            ["Security__Certificate"] = certificate,
            ["Security__CertificateKey"] = key,
        });
        _services.Add(service);
        return service;
    }

    /// <summary>Two labels that a look at the colour tells apart.</summary>
    private string MakePhotos()
    {
        foreach (var (label, colour) in new[] { ("cat", SKColors.Orange), ("dog", SKColors.RoyalBlue) })
        {
            var folder = Directory.CreateDirectory(_directory.File($"photos/{label}")).FullName;
            for (byte i = 0; i < 8; i++)
            {
                using var bitmap = new SKBitmap(8, 8);
                bitmap.Erase(colour.WithAlpha((byte)(200 + i)));
                using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
                File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), encoded.ToArray());
            }
        }

        return _directory.File("photos");
    }

    [GeneratedRegex(@"tf_[\w-]{43}")]
    private static partial Regex KeyLine { get; }

    [GeneratedRegex("^(Security__[^=]+)=(.*)$", RegexOptions.Multiline)]
    private static partial Regex SettingLine { get; }
}
