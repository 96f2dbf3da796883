using System.Collections.Frozen;
using Grpc.Health.V1;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.Inference.V2;
using GatewayPrediction = Topfive.Gateway.V1.Prediction;
using NewReflection = Grpc.Reflection.V1.ServerReflection;
using OldReflection = Grpc.Reflection.V1Alpha.ServerReflection;
using ProtoService = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Topfive.Gateway;

/// <summary>
/// The one table from method to the roles of which a caller needs one. A method without a row is closed to everybody, so
/// that a new one is not open by accident. <see cref="Roles.Admin"/> may all that has a row.
/// </summary>
internal static class MethodRoles
{
    /// <param name="Roles">None: open to everybody.</param>
    /// <param name="Streams">The caller sends a stream.</param>
    public readonly record struct Rule(Roles Roles, bool Streams);

    private static readonly FrozenDictionary<string, Rule> Rules = new[]
    {
        Of(GatewayPrediction.Descriptor,
            ("Predict", Roles.Predict),
            ("PredictStream", Roles.Predict)),
        Of(Ingestion.Descriptor,
            ("Ingest", Roles.Ingest)),
        Of(FeatureExtraction.Descriptor,
            ("GetBackbone", Roles.Any),
            ("Extract", Roles.Predict | Roles.Ingest),
            ("ExtractStream", Roles.Predict | Roles.Ingest),
            ("FindMissing", Roles.Ingest),
            ("GetVectors", Roles.Ingest | Roles.Train),
            // A small picture still shows the image, which who may only ask for labels has not been given.
            ("GetThumbnails", Roles.Ingest | Roles.Train),
            ("PutVectors", Roles.Ingest),
            ("DeleteVectors", Roles.Admin)),
        Of(Classification.Descriptor,
            ("Classify", Roles.Predict),
            ("ClassifyStream", Roles.Predict),
            ("Compare", Roles.Predict)),
        Of(Datasets.Descriptor,
            ("AddExamples", Roles.Ingest),
            ("GetDataset", Roles.Ingest | Roles.Train),
            ("ListDatasets", Roles.Ingest | Roles.Train),
            ("ListExamples", Roles.Ingest | Roles.Train),
            ("DeleteDataset", Roles.Admin)),
        Of(Training.Descriptor,
            ("StartRun", Roles.Train),
            ("WatchRun", Roles.Train),
            ("CancelRun", Roles.Train),
            ("GetRun", Roles.Train),
            ("ListRuns", Roles.Train)),
        // A run may make its version live (StartRunRequest.promote): who trains could do so anyway, and so may say it plainly.
        Of(Heads.Descriptor,
            ("ListHeads", Roles.Any),
            ("GetHead", Roles.Any),
            ("Promote", Roles.Train),
            ("Rollback", Roles.Train),
            ("ListPromotions", Roles.Train),
            ("SetShadows", Roles.Train),
            ("GetAgreement", Roles.Train),
            ("ExportHead", Roles.Train),
            ("ImportHead", Roles.Admin),
            ("DeleteVersion", Roles.Admin),
            ("DeleteHead", Roles.Admin)),
        Of(GRPCInferenceService.Descriptor,
            ("ServerLive", Roles.Any),
            ("ServerReady", Roles.Any),
            ("ServerMetadata", Roles.Any),
            ("ModelReady", Roles.Any),
            ("ModelMetadata", Roles.Any),
            ("RepositoryIndex", Roles.Any),
            ("ModelInfer", Roles.Predict),
            ("ModelStreamInfer", Roles.Predict)),
        // Load balancers and probes have no keys, and learn no more than "serving".
        Of(Health.Descriptor,
            ("Check", Roles.None),
            ("Watch", Roles.None)),
        Of(OldReflection.Descriptor,
            ("ServerReflectionInfo", Roles.Any)),
        Of(NewReflection.Descriptor,
            ("ServerReflectionInfo", Roles.Any)),
    }.SelectMany(rows => rows).ToFrozenDictionary();

    /// <summary>Every path that has a row, for the test that compares them with what there is.</summary>
    public static IEnumerable<string> Paths => Rules.Keys;

    /// <param name="path"><c>/package.Service/Method</c>; nothing else is one, whatever routing may make of it.</param>
    /// <param name="rule">Its row.</param>
    public static bool TryGet(string path, out Rule rule) => Rules.TryGetValue(path, out rule);

    private static IEnumerable<KeyValuePair<string, Rule>> Of(ProtoService service, params (string Method, Roles Roles)[] rows) =>
        rows.Select(row => KeyValuePair.Create(
            $"/{service.FullName}/{row.Method}",
            new Rule(row.Roles, service.FindMethodByName(row.Method)?.IsClientStreaming ?? throw new InvalidOperationException($"{service.FullName} has no {row.Method}"))));
}
