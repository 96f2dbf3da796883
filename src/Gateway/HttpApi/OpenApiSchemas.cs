using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace Topfive.Gateway;

/// <summary>Messages as JSON schemas: what protobuf's JSON makes of their fields.</summary>
internal sealed class OpenApiSchemas
{
    private readonly SortedDictionary<string, MessageDescriptor> _messages = new(StringComparer.Ordinal);

    public JsonNode Of(MessageDescriptor message)
    {
        switch (message.FullName)
        {
            case "google.protobuf.Timestamp": return Type("string", "date-time");
            case "google.protobuf.Duration": return Type("string");
            case "google.protobuf.Any": return Type("object");
        }

        _messages[message.FullName] = message;
        return new JsonObject { ["$ref"] = $"#/components/schemas/{message.FullName}" };
    }

    public JsonNode Of(FieldDescriptor field)
    {
        if (field.IsMap) return new JsonObject { ["type"] = "object", ["additionalProperties"] = One(field.MessageType.FindFieldByName("value")) };
        return field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = One(field) } : One(field);
    }

    public JsonObject Write()
    {
        var written = new JsonObject();
        // Describing one may ask for others.
        while (_messages.Values.FirstOrDefault(message => !written.ContainsKey(message.FullName)) is { } message)
        {
            var properties = new JsonObject();
            written[message.FullName] = new JsonObject { ["type"] = "object", ["properties"] = properties };
            foreach (var field in message.Fields.InDeclarationOrder()) properties[field.JsonName] = Of(field);
        }

        return written;
    }

    public static JsonObject Type(string type, string? format = null)
    {
        var schema = new JsonObject { ["type"] = type };
        if (format is not null) schema["format"] = format;
        return schema;
    }

    private JsonNode One(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => Of(field.MessageType),
        FieldType.Enum => new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. field.EnumType.Values.Select(value => JsonValue.Create(value.Name))]) },
        FieldType.Bool => Type("boolean"),
        FieldType.String => Type("string"),
        FieldType.Bytes => new JsonObject { ["type"] = "string", ["contentEncoding"] = "base64" },
        FieldType.Float or FieldType.Double => Type("number", field.FieldType == FieldType.Float ? "float" : "double"),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Type("string", "int64"),
        FieldType.UInt64 or FieldType.Fixed64 => Type("string", "uint64"),
        _ => Type("integer", "int32"),
    };
}
