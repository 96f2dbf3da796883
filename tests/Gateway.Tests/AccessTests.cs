using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topfive.Classifier.V1;
using Topfive.Consoles;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;
using Xunit;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Topfive.Gateway.Tests;

/// <summary>API keys and roles: what each may, and each thing that is forbidden.</summary>
public sealed class AccessTests
{
    private const string Predict = "/topfive.gateway.v1.Prediction/Predict";

    private const string ModelMetadata = "GRPCInferenceService/ServerLive GRPCInferenceService/ServerReady GRPCInferenceService/ServerMetadata "
        + "GRPCInferenceService/ModelReady GRPCInferenceService/ModelMetadata GRPCInferenceService/RepositoryIndex ";

    /// <summary>Of every service that the Gateway has, its own or forwarded.</summary>
    private static readonly string[] AllMethods =
    [
        .. new[]
            {
                FeaturesReflection.Descriptor, ClassifierReflection.Descriptor, GatewayReflection.Descriptor, InferenceReflection.Descriptor, HealthReflection.Descriptor,
                Grpc.Reflection.V1.ReflectionReflection.Descriptor, Grpc.Reflection.V1Alpha.ReflectionReflection.Descriptor,
            }
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods, PathOf),
    ];

    [Fact]
    public async Task Every_method_has_a_row_that_says_its_role_and_every_row_a_method()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        var served = gateway.Gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText ?? "")
            .Where(pattern => pattern.Count(c => c == '/') == 2 && !pattern.Contains('{') && !pattern.StartsWith("/healthz", StringComparison.Ordinal))
            // The HTTP port's own paths are not served over HTTP/2 (GuardTests), which is all that calls of methods come by.
            .Where(pattern => !HttpApiRoom.OpenPrefixes.Concat(ConsoleRoom.Paths).Any(own => own != "/" && pattern.TrimStart('/').StartsWith(own.TrimStart('/'), StringComparison.Ordinal)));

        Assert.Equal(AllMethods.Order(), MethodRoles.Paths.Order());
        Assert.Empty(served.Except(MethodRoles.Paths));
    }

    [Fact]
    public async Task Without_a_key_no_method_answers_but_health()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());

        foreach (var method in AllMethods.Where(method => !method.StartsWith("/grpc.health", StringComparison.Ordinal)))
        {
            Assert.Equal((method, StatusCode.Unauthenticated), (method, (await raw.StatusAsync(method)).Code));
        }

        var health = await new Health.HealthClient(gateway.Channel).CheckAsync(new HealthCheckRequest());
        using var http = new HttpClient { BaseAddress = gateway.Gateway.HttpAddress() };
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        Assert.Contains("\"Healthy\"", await http.GetStringAsync(new Uri("/healthz/ready", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("predict", ModelMetadata + "GRPCInferenceService/ModelInfer GRPCInferenceService/ModelStreamInfer Prediction/Predict Prediction/PredictStream Classification/Classify Classification/ClassifyStream Classification/Compare "
        + "FeatureExtraction/Extract FeatureExtraction/ExtractStream FeatureExtraction/GetBackbone Heads/ListHeads Heads/GetHead ServerReflection/ServerReflectionInfo")]
    [InlineData("ingest", ModelMetadata + "Ingestion/Ingest FeatureExtraction/Extract FeatureExtraction/ExtractStream FeatureExtraction/GetBackbone FeatureExtraction/FindMissing "
        + "FeatureExtraction/GetVectors FeatureExtraction/GetThumbnails FeatureExtraction/PutVectors Datasets/AddExamples Datasets/GetDataset Datasets/ListDatasets Datasets/ListExamples "
        + "Heads/ListHeads Heads/GetHead ServerReflection/ServerReflectionInfo")]
    [InlineData("train", ModelMetadata + "Training/StartRun Training/WatchRun Training/CancelRun Training/GetRun Training/ListRuns Datasets/GetDataset Datasets/ListDatasets "
        + "Datasets/ListExamples FeatureExtraction/GetBackbone FeatureExtraction/GetVectors FeatureExtraction/GetThumbnails Heads/ListHeads Heads/GetHead Heads/Promote Heads/Rollback "
        + "Heads/ListPromotions Heads/SetShadows Heads/GetAgreement Heads/ExportHead ServerReflection/ServerReflectionInfo")]
    public async Task A_role_may_call_its_methods_and_none_other(string role, string methods)
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());

        foreach (var method in AllMethods.Where(method => !method.StartsWith("/grpc.health", StringComparison.Ordinal)))
        {
            var (code, message) = await raw.StatusAsync(method, ("x-api-key", SomeKeys.Of(role)));
            var isItsOwn = methods.Split(' ').Any(own => method.EndsWith($".{own}", StringComparison.Ordinal));

            Assert.Equal((method, !isItsOwn), (method, code == StatusCode.PermissionDenied));
            Assert.NotEqual(StatusCode.Unauthenticated, code);
            if (!isItsOwn) Assert.Matches($"^{method} needs the role [a-z ]+; '{role}' has {role}$", message);
        }
    }

    [Fact]
    public async Task Admin_may_call_all_that_has_a_row()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());

        foreach (var method in AllMethods.Where(method => !method.EndsWith("Health/Watch", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain((await raw.StatusAsync(method, ("x-api-key", SomeKeys.Of("admin")))).Code, new[] { StatusCode.PermissionDenied, StatusCode.Unauthenticated });
        }
    }

    [Theory]
    [InlineData("/topfive.classifier.v1.Heads/OfALaterVersion")]
    [InlineData("/topfive.classifier.v1.datasets/getdataset")]
    [InlineData("/topfive.classifier.v1.Datasets/GetDataset/")]
    [InlineData("/topfive.classifier.v1.Datasets/%47etDataset%2F")]
    [InlineData("/healthz/ready")]
    [InlineData("/metrics")]
    public async Task What_has_no_row_is_closed_even_to_admin(string path)
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());

        Assert.Equal(StatusCode.Unimplemented, (await raw.StatusAsync(path, ("x-api-key", SomeKeys.Of("admin")))).Code);
        Assert.Empty(gateway.Fake.Headers);
    }

    [Fact]
    public async Task A_wrong_key_is_nobodys_and_no_key_is_in_the_log_or_behind_the_gateway()
    {
        using var log = new AllOfTheLog();
        await using var gateway = await RunningGateway.StartAsync([
            .. SomeKeys.Settings(),
            .. new[] { "Default", "Microsoft.AspNetCore", "Grpc", "Yarp" }.Select(category => ($"Logging:LogLevel:{category}", "Trace"))]);
        gateway.Gateway.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());
        var right = SomeKeys.Of("train");

        (string, string)[][] wrong =
        [
            [("x-api-key", right + "x")], [("x-api-key", right[..^1])], [("x-api-key", right.ToUpperInvariant())], [("x-api-key", new string('a', 5000))],
            [("x-api-key", right), ("x-api-key", right)], [("authorization", $"Bearer {right}")], [("authorization", right)], [("api-key", right)],
        ];
        foreach (var headers in wrong) Assert.Equal(StatusCode.Unauthenticated, (await raw.StatusAsync("/topfive.classifier.v1.Datasets/GetDataset", headers)).Code);
        Assert.Empty(gateway.Fake.Headers);
        Assert.Equal(StatusCode.PermissionDenied, (await raw.StatusAsync(Predict, ("x-api-key", right))).Code);
        Assert.Equal(StatusCode.NotFound, (await raw.StatusAsync("/topfive.classifier.v1.Datasets/GetDataset", ("x-api-key", right), ("topfive-caller", "somebody else"))).Code);

        var behind = Assert.Single(gateway.Fake.Headers);
        Assert.Equal("train", behind.GetValue("topfive-caller"));
        Assert.DoesNotContain(behind, header => header.Key is "x-api-key" or "authorization");
        Assert.Contains(log.Lines, line => line.Contains($"train was refused {Predict}", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.Contains("secret-of", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Without_keys_and_tokens_everybody_may_call_and_nobody_can_say_that_he_was_checked()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());

        Assert.Equal(StatusCode.NotFound, (await raw.StatusAsync("/topfive.classifier.v1.Datasets/GetDataset", ("topfive-caller", "admin"))).Code);
        Assert.Null(Assert.Single(gateway.Fake.Headers).Get("topfive-caller"));
    }

    private static string PathOf(ServiceDescriptor service, MethodDescriptor method) => $"/{service.FullName}/{method.Name}";
}
