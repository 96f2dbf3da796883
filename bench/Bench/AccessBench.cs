using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// What keys, tokens and TLS cost the Gateway: at the gate alone, in nanoseconds and bytes a call, and in the median of Predict of a
/// stored image, beside a Gateway that asks for nothing. The Gateways take turns, and so share what else the machine does.
/// </summary>
internal sealed class AccessBench(TimeSpan round)
{
    private const int Rounds = 5;
    private const int Keys = 100;
    private const string Key = "tf_the-key-of-the-bench";

    private static readonly PredictRequest Request = new() { Head = "bench", ImageHash = ByteString.CopyFrom(ImageHash.Of(BenchPng()).ToByteArray()) };

    public static async Task<int> RunAsync(double secondsARound)
    {
        await new AccessBench(TimeSpan.FromSeconds(secondsARound)).MeasureAsync();
        return 0;
    }

    private async Task MeasureAsync()
    {
        using var directory = new TempDirectory();
        using var certificates = new TestCertificates();
        await using var redis = await RedisServer.TryStartAsync();
        await using var embedded = redis is null ? await EmbeddedStore.StartAsync(directory.Path) : null;
        var store = redis?.ConnectionString ?? embedded!.ConnectionString;
        await using var features = await BenchProcess.FeatureServiceAsync(SmallBackbone.Write(directory.File("small.onnx")), store);
        await using var classifier = await BenchProcess.ClassifierServiceAsync(store);
        using var rsa = RSA.Create(2048);
        await File.WriteAllTextAsync(directory.File("public.pem"), rsa.ExportSubjectPublicKeyInfoPem());
        var (certificate, certificateKey) = certificates.Issue();
        Metadata key = new() { { "x-api-key", Key } };
        Metadata token = new() { { "authorization", $"Bearer {Token(rsa)}" } };

        await using var open = await StartAsync(features.Address, classifier.Address, []);
        await using var keyed = await StartAsync(features.Address, classifier.Address, KeySettings(limited: false));
        await using var limited = await StartAsync(features.Address, classifier.Address, KeySettings(limited: true));
        await using var tokens = await StartAsync(features.Address, classifier.Address, TokenSettings(directory.File("public.pem")));
        await using var tls = await StartAsync(features.Address, classifier.Address, new() { ["Security:Certificate"] = certificate, ["Security:CertificateKey"] = certificateKey });
        using var openChannel = GrpcChannel.ForAddress(open.GrpcAddress());
        using var keyedChannel = GrpcChannel.ForAddress(keyed.GrpcAddress());
        using var limitedChannel = GrpcChannel.ForAddress(limited.GrpcAddress());
        using var tokensChannel = GrpcChannel.ForAddress(tokens.GrpcAddress());
        using var tlsChannel = GrpcChannel.ForAddress(tls.GrpcAddress(), new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { SslOptions = new ClientTls(certificates.Ca, "", "", NullLogger.Instance).Handshake() },
        });
        await new FeatureExtraction.FeatureExtractionClient(openChannel).ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(BenchPng()) });
        await ImportHeadAsync(openChannel);

        var hits = await InTurnAsync((openChannel, []), (keyedChannel, key), (limitedChannel, key), (tokensChannel, token), (tlsChannel, []));
        var (gateNothing, gateKey, gateLimited, gateToken) = (await GateAsync(open, null, null), await GateAsync(keyed, "x-api-key", Key),
            await GateAsync(limited, "x-api-key", Key), await GateAsync(tokens, "authorization", token[0].Value));
        Figure.Print(
        [
            new("access_key_hit", hits[1], "us", hits[0], $"Predict of a stored image by hash, one at a time, p50, with one of {Keys} keys; limit: the same of a Gateway that is open"),
            new("access_limits_hit", hits[2], "us", hits[0], "and with a rate and a concurrency limit"),
            new("access_token_hit", hits[3], "us", hits[0], "with a token, RS256"),
            new("access_tls_hit", hits[4], "us", hits[0], "by TLS, without a key"),
            new("access_key_gate", gateKey.Time, "ns", null, $"the gate alone, one of {Keys} keys; {gateKey.Bytes:N0} bytes allocated a call"),
            new("access_limits_gate", gateLimited.Time, "ns", null, $"and with both limits; {gateLimited.Bytes:N0} bytes"),
            new("access_token_gate", gateToken.Time, "ns", null, $"with a token; {gateToken.Bytes:N0} bytes"),
            new("access_open_gate", gateNothing.Time, "ns", null, $"the same loop without a gate; {gateNothing.Bytes:N0} bytes"),
        ]);
    }

    /// <returns>Medians in microseconds, of rounds that are taken in turn after one that does not count.</returns>
    private async Task<double[]> InTurnAsync(params (GrpcChannel Channel, Metadata Headers)[] gateways)
    {
        var medians = gateways.Select(_ => new List<double>()).ToArray();
        for (var i = 0; i <= Rounds; i++)
        {
            foreach (var (gateway, (channel, headers)) in gateways.Index())
            {
                var client = new Gateway.V1.Prediction.PredictionClient(channel);
                List<double> times = [];
                for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < round;)
                {
                    var start = Stopwatch.GetTimestamp();
                    await client.PredictAsync(Request, headers);
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }

                if (i > 0) medians[gateway].Add(times.Order().ElementAt(times.Count / 2));
            }
        }

        return [.. medians.Select(rounds => rounds.Order().ElementAt(Rounds / 2))];
    }

    /// <returns>Processor time of this thread and bytes that it allocated, a call.</returns>
    private static async Task<(double Time, double Bytes)> GateAsync(WebApplication gateway, string? header, string? value)
    {
        const int calls = 20_000;
        RequestDelegate end = _ => Task.CompletedTask;
        var gate = header is null ? null : ActivatorUtilities.CreateInstance<AccessGate>(gateway.Services, end);
        var (time, bytes) = (0.0, 0.0);
        for (var pass = 0; pass < 3; pass++)
        {
            var (before, began) = (GC.GetTotalAllocatedBytes(precise: true), Process.GetCurrentProcess().TotalProcessorTime);
            for (var i = 0; i < calls; i++)
            {
                // Of a scope of its own, as every request is: what is checked is remembered in it.
                using var scope = gateway.Services.CreateScope();
                var http = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
                http.Request.Protocol = HttpProtocol.Http2;
                http.Request.Path = "/topfive.gateway.v1.Prediction/Predict";
                if (header is not null) http.Request.Headers[header] = value;
                await (gate?.InvokeAsync(http) ?? end(http));
            }

            (time, bytes) = ((Process.GetCurrentProcess().TotalProcessorTime - began).TotalNanoseconds / calls, (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / calls);
        }

        return (time, bytes);
    }

    private static async Task<WebApplication> StartAsync(Uri features, Uri classifier, Dictionary<string, string?> settings)
    {
        var gateway = GatewayHost.Build([], new Dictionary<string, string?>(settings)
        {
            ["Listen:GrpcPort"] = "0",
            ["Listen:HttpPort"] = "0",
            ["Services:Features"] = features.OriginalString,
            ["Services:Classifier"] = classifier.OriginalString,
            ["Logging:LogLevel:Default"] = "Warning",
        });
        await gateway.StartAsync();
        return gateway;
    }

    private static Dictionary<string, string?> KeySettings(bool limited)
    {
        var settings = new Dictionary<string, string?>();
        for (var i = 0; i < Keys; i++)
        {
            settings[$"Security:ApiKeys:{i}:Name"] = $"caller {i}";
            settings[$"Security:ApiKeys:{i}:Roles"] = "predict";
            settings[$"Security:ApiKeys:{i}:Sha256"] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(i == Keys - 1 ? Key : $"{i}")));
            settings[$"Security:ApiKeys:{i}:RequestsPerSecond"] = limited ? "1000000" : "0";
            settings[$"Security:ApiKeys:{i}:ConcurrentCalls"] = limited ? "1000" : "0";
        }

        return settings;
    }

    private static Dictionary<string, string?> TokenSettings(string publicKey) => new()
    {
        ["Security:Jwt:PublicKey"] = publicKey,
        ["Security:Jwt:Issuer"] = "bench",
        ["Security:Jwt:Audience"] = "bench",
    };

    private static string Token(RSA key) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = "bench",
        Audience = "bench",
        Expires = DateTime.UtcNow.AddHours(1),
        Claims = new Dictionary<string, object> { ["sub"] = "bench", ["roles"] = "predict" },
        SigningCredentials = new SigningCredentials(new RsaSecurityKey(key), SecurityAlgorithms.RsaSha256),
    });

    private static async Task ImportHeadAsync(GrpcChannel channel)
    {
        var fingerprint = (await new FeatureExtraction.FeatureExtractionClient(channel).GetBackboneAsync(new GetBackboneRequest())).Fingerprint;
        var layer = new DenseLayer(2048, 2, new float[2048 * 2], new float[2], DenseActivation.Softmax);
        using var import = new Heads.HeadsClient(channel).ImportHead();
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = "bench", Promote = true, Data = ByteString.CopyFrom(HeadModel.Write(new DenseHead(["cat", "dog"], fingerprint, [layer]))) });
        await import.RequestStream.CompleteAsync();
        await import;
    }

    private static byte[] BenchPng()
    {
        using var bitmap = new SkiaSharp.SKBitmap(8, 8);
        using var encoded = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        return encoded.ToArray();
    }
}
