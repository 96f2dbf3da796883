using System.Text.Json.Nodes;
using Topfive.Classifier.V1;
using Topfive.Gateway.V1;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.Gateway;

/// <summary>What of the HTTP API no google.api.http rule describes.</summary>
internal static class OpenApiExtras
{
    public static void Add(JsonObject paths, OpenApiSchemas schemas)
    {
        OpenApiDocument.Add(paths, "/v1/predict/{head}", "post", Predict(schemas));
        OpenApiDocument.Add(paths, "/v1/runs/{run_id}/events", "get", Events(schemas));
    }

    private static JsonObject Predict(OpenApiSchemas schemas)
    {
        var several = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["results"] = new JsonObject { ["type"] = "array", ["items"] = schemas.Of(PredictStreamResponse.Descriptor) } },
        };
        var answer = OpenApiDocument.Json(new JsonObject { ["oneOf"] = new JsonArray(schemas.Of(PredictResponse.Descriptor), several) });
        var operation = OpenApiDocument.Operation(Prediction.Descriptor.FindMethodByName("Predict"), answer, schemas);
        operation["description"] = "One image in a form or as the body answers one PredictResponse; several images of a form answer results, in their order, of which a bad one fails alone.";
        operation["parameters"] = new JsonArray(
            OpenApiDocument.Parameter("head", "path", OpenApiSchemas.Type("string")),
            OpenApiDocument.Parameter("top_k", "query", OpenApiSchemas.Type("integer")),
            OpenApiDocument.Parameter("version", "query", OpenApiSchemas.Type("integer")),
            OpenApiDocument.Parameter("nearest_examples", "query", OpenApiSchemas.Type("integer")),
            OpenApiDocument.Parameter("answer_unknown", "query", OpenApiSchemas.Type("boolean")));
        var image = new JsonObject { ["type"] = "string", ["format"] = "binary" };
        operation["requestBody"] = new JsonObject
        {
            ["required"] = true,
            ["content"] = new JsonObject
            {
                ["multipart/form-data"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["image"] = image } } },
                ["image/*"] = new JsonObject { ["schema"] = image.DeepClone() },
            },
        };
        return operation;
    }

    private static JsonObject Events(OpenApiSchemas schemas)
    {
        var answer = new JsonObject { ["text/event-stream"] = new JsonObject { ["schema"] = OpenApiSchemas.Type("string") } };
        var operation = OpenApiDocument.Operation(Training.Descriptor.FindMethodByName("WatchRun"), answer, schemas);
        operation["description"] = "Server-sent events: run (a Run, where it is now), then epoch (Epoch), and at the end finished (Finished) or failed (a google.rpc.Status). "
            + "The ids count from 1; Last-Event-ID goes on after it, and answers 204 after the last one.";
        operation["parameters"] = new JsonArray(
            OpenApiDocument.Parameter("run_id", "path", OpenApiSchemas.Type("string")),
            OpenApiDocument.Parameter("last-event-id", "header", OpenApiSchemas.Type("integer")));
        return operation;
    }
}
