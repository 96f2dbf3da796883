using Grpc.Core;
using Grpc.Core.Interceptors;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using GatewayPrediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.Consoles;

/// <summary>
/// One open page's calls to the Gateway. Each carries the key that the person typed, if any, so that the Gateway decides what they may do, as it does for
/// every other client.
/// </summary>
internal sealed class GatewaySession
{
    private readonly CallInvoker _calls;

    public GatewaySession(GatewayChannel gateway)
    {
        _calls = gateway.Channel.Intercept(AddCaller);
        Predictions = new(_calls);
        Ingestion = new(_calls);
        Features = new(_calls);
        Classification = new(_calls);
        Datasets = new(_calls);
        Training = new(_calls);
        Heads = new(_calls);
    }

    /// <summary>An API key, or a token; empty: none.</summary>
    public string Credential { get; set; } = "";

    /// <summary>The browser's address, for the notes on who did what.</summary>
    public string Browser { get; set; } = "";

    public GatewayPrediction.PredictionClient Predictions { get; }

    public Ingestion.IngestionClient Ingestion { get; }

    public FeatureExtraction.FeatureExtractionClient Features { get; }

    public Classification.ClassificationClient Classification { get; }

    public Datasets.DatasetsClient Datasets { get; }

    public Training.TrainingClient Training { get; }

    public Heads.HeadsClient Heads { get; }

    private Metadata AddCaller(Metadata headers)
    {
        headers.Add("topfive-user", "console");
        if (Browser.Length > 0) headers.Add("x-forwarded-for", Browser);
        if (Credential.Length > 0)
        {
            // A JWT begins with the base64 of {" and has three parts.
            var isToken = Credential.StartsWith("ey", StringComparison.Ordinal) && Credential.Count(c => c == '.') == 2;
            headers.Add(isToken ? "authorization" : "x-api-key", isToken ? $"Bearer {Credential}" : Credential);
        }

        return headers;
    }
}
