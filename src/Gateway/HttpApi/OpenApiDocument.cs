using System.Text.Json.Nodes;
using Google.Api;
using Google.Protobuf.Reflection;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;

namespace Topfive.Gateway;

/// <summary>
/// OpenAPI 3.1 of what is under /v1, from the same google.api.http rules that transcoding goes by; images and events, which are no
/// transcoding, stand in <see cref="OpenApiExtras"/>.
/// </summary>
internal static class OpenApiDocument
{
    private static readonly FileDescriptor[] Files = [GatewayReflection.Descriptor, FeaturesReflection.Descriptor, ClassifierReflection.Descriptor];

    public static string Write()
    {
        var schemas = new OpenApiSchemas();
        var paths = new JsonObject();
        OpenApiExtras.Add(paths, schemas);
        foreach (var method in Files.SelectMany(file => file.Services).SelectMany(service => service.Methods))
        {
            foreach (var rule in RulesOf(method)) Add(paths, method, rule, schemas);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Topfive",
                ["version"] = "v1",
                ["description"] = "The Gateway by HTTP and JSON. Messages are those of the protos in protobuf's JSON: bytes (images, hashes) are base64, 64-bit numbers strings. "
                    + "An error is a google.rpc.Status; its details have the id of the trace.",
            },
            ["security"] = new JsonArray(new JsonObject(), new JsonObject { ["key"] = new JsonArray() }, new JsonObject { ["token"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["key"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = "x-api-key" },
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                },
                ["schemas"] = schemas.Write(),
            },
        }.ToJsonString();
    }

    public static IEnumerable<HttpRule> RulesOf(MethodDescriptor method) =>
        method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is { } rule ? [rule, .. rule.AdditionalBindings] : [];

    public static void Add(JsonObject paths, string path, string verb, JsonObject operation)
    {
        if (paths[path] is not JsonObject item) paths[path] = item = [];
        item[verb] = operation;
    }

    /// <param name="method">The RPC that is answered.</param>
    /// <param name="answer">What a 200 carries, by media type.</param>
    /// <param name="schemas">Where messages are described.</param>
    public static JsonObject Operation(MethodDescriptor method, JsonObject answer, OpenApiSchemas schemas) => new()
    {
        ["tags"] = new JsonArray(method.Service.Name),
        ["summary"] = $"{method.Service.FullName}/{method.Name}",
        ["parameters"] = new JsonArray(),
        ["responses"] = new JsonObject
        {
            ["200"] = new JsonObject { ["description"] = "OK", ["content"] = answer },
            ["default"] = new JsonObject { ["description"] = "Why not", ["content"] = Json(schemas.Of(Google.Rpc.Status.Descriptor)) },
        },
    };

    public static JsonObject Json(JsonNode schema) => new() { ["application/json"] = new JsonObject { ["schema"] = schema } };

    public static JsonObject Parameter(string name, string place, JsonNode schema) =>
        new() { ["name"] = name, ["in"] = place, ["required"] = place == "path", ["schema"] = schema };

    private static void Add(JsonObject paths, MethodDescriptor method, HttpRule rule, OpenApiSchemas schemas)
    {
        var (verb, path) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => ("get", rule.Get),
            HttpRule.PatternOneofCase.Put => ("put", rule.Put),
            HttpRule.PatternOneofCase.Delete => ("delete", rule.Delete),
            _ => ("post", rule.Post),
        };
        var operation = Operation(method, Json(schemas.Of(method.OutputType)), schemas);
        foreach (var field in method.InputType.Fields.InDeclarationOrder())
        {
            var inPath = path.Contains($"{{{field.Name}}}", StringComparison.Ordinal);
            if (inPath || rule.Body.Length == 0) ((JsonArray)operation["parameters"]!).Add(Parameter(field.Name, inPath ? "path" : "query", schemas.Of(field)));
        }

        if (rule.Body.Length > 0) operation["requestBody"] = new JsonObject { ["content"] = Json(schemas.Of(method.InputType)) };
        Add(paths, path, verb, operation);
    }
}
