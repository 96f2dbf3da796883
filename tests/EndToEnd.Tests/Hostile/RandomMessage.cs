using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Topfive.EndToEnd.Tests;

/// <summary>
/// Messages of any type, drawn from a seed: fields with values that mean something where their names are known, and here and there one at the edge of what
/// its type can say. Knows no method: a new one, and a new field, is drawn like the others.
/// </summary>
internal sealed class RandomMessage(Random random, RandomMessage.Known known, double edges)
{
    /// <summary>In a text's place, as many bytes that are no UTF-8; nothing that a serializer writes by itself.</summary>
    public const string NoUtf8 = "\u0001not utf-8\u0001";

    private const int MostDepth = 4;

    private static readonly string[] Texts =
    [
        "", " ", "a", new('n', 200), new('n', 201), new('n', 10_000), new('n', 100_000), "\0", "line\nline", "../../etc/passwd", "*", "?[a-z]", "{tag}", "a:b", "ünïcödé", "\u202Egpj.exe", "👩🏽‍🚀", "\uFFFE", "%00",
        "' OR 1=1 --", "NaN", "-1", NoUtf8,
    ];

    private static readonly int[] Ints = [int.MinValue, -1, 0, 1, 2, 5, 100, 101, 2_000, 2_001, 65_536, 1_000_000, int.MaxValue];
    private static readonly float[] Floats = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, -1, 0, 0.5f, 1, 2, 1e-30f];
    private static readonly int[] Lengths = [0, 1, 31, 32, 33, 64, 65, 1_000, 100_000];

    /// <summary>What the services hold, so that not everything is NOT_FOUND.</summary>
    /// <param name="Texts">By a word in a field's name.</param>
    /// <param name="Bytes">By a word in a field's name.</param>
    /// <param name="Examples">Of types whose fields have to fit together to mean something.</param>
    internal sealed record Known(IReadOnlyList<(string Word, string[] Values)> Texts, IReadOnlyList<(string Word, byte[][] Values)> Bytes, IReadOnlyList<IMessage> Examples);

    public IMessage Of(MessageDescriptor type, int depth = 0)
    {
        if (known.Examples.FirstOrDefault(example => example.Descriptor == type) is { } example && random.Next(2) == 0) return Changed(example, depth);
        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InDeclarationOrder().Where(field => field.RealContainingOneof is null)) Set(message, field, depth);
        foreach (var choice in type.Oneofs.Where(choice => !choice.IsSynthetic && random.Next(10) > 0)) Set(message, choice.Fields[random.Next(choice.Fields.Count)], depth, always: true);
        return message;
    }

    /// <summary>As it is, or with one field that is at an edge.</summary>
    private IMessage Changed(IMessage example, int depth)
    {
        var message = example.Descriptor.Parser.ParseFrom(example.ToByteString());
        var fields = example.Descriptor.Fields.InDeclarationOrder();
        if (AtTheEdge) Set(message, fields[random.Next(fields.Count)], depth, always: true);
        return message;
    }

    private bool AtTheEdge => random.NextDouble() < edges;

    private void Set(IMessage message, FieldDescriptor field, int depth, bool always = false)
    {
        // What is known by its name is nearly always set; the rest is mostly left to its default, as callers do.
        if (!always && random.Next(10) >= (IsKnown(field) ? 9 : 3)) return;
        if (field.FieldType == FieldType.Message && depth >= MostDepth) return;
        if (field.IsMap)
        {
            var (map, entry) = ((IDictionary)field.Accessor.GetValue(message), field.MessageType!.Fields);
            for (var i = random.Next(4); i > 0; i--) map[Value(entry[1], depth)] = Value(entry[2], depth);
        }
        else if (field.IsRepeated)
        {
            var list = (IList)field.Accessor.GetValue(message);
            for (var i = Count(field); i > 0; i--) list.Add(Value(field, depth));
        }
        else
        {
            field.Accessor.SetValue(message, Value(field, depth));
        }
    }

    /// <summary>Numbers are of vectors, which have 2048 of them.</summary>
    private int Count(FieldDescriptor field) => field.FieldType == FieldType.Float && !AtTheEdge ? 2_048 : AtTheEdge ? random.Next(20) == 0 ? 2_500 : random.Next(200) : random.Next(1, 4);

    private bool IsKnown(FieldDescriptor field) => known.Texts.Any(text => Names(field, text.Word)) || known.Bytes.Any(bytes => Names(field, bytes.Word));

    private static bool Names(FieldDescriptor field, string word) => field.Name.Contains(word, StringComparison.Ordinal);

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.String => Text(field),
        FieldType.Bytes => UnsafeByteOperations.UnsafeWrap(Bytes(field)),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => AtTheEdge ? Ints[random.Next(Ints.Length)] : random.Next(4),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => AtTheEdge ? random.Next(3) switch { 0 => long.MinValue, 1 => long.MaxValue, _ => Ints[random.Next(Ints.Length)] } : (long)random.Next(3),
        FieldType.UInt32 or FieldType.Fixed32 => AtTheEdge ? uint.MaxValue : (uint)random.Next(4),
        FieldType.UInt64 or FieldType.Fixed64 => AtTheEdge ? ulong.MaxValue : (ulong)random.Next(4),
        FieldType.Float => AtTheEdge && random.Next(50) == 0 ? Floats[random.Next(Floats.Length)] : random.NextSingle(),
        FieldType.Double => AtTheEdge ? Floats[random.Next(Floats.Length)] : random.NextDouble(),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, AtTheEdge ? Ints[random.Next(Ints.Length)] : random.Next(4)),
        FieldType.Message => Of(field.MessageType, depth + 1),
        _ => throw new NotSupportedException($"{field.FullName} is a {field.FieldType}: draw one"),
    };

    private string Text(FieldDescriptor field)
    {
        if (AtTheEdge) return Texts[random.Next(Texts.Length)];
        var values = known.Texts.FirstOrDefault(text => Names(field, text.Word)).Values;
        return values is null ? "text" : values[random.Next(values.Length)];
    }

    private byte[] Bytes(FieldDescriptor field)
    {
        if (AtTheEdge)
        {
            var bytes = new byte[Lengths[random.Next(Lengths.Length)]];
            random.NextBytes(bytes);
            return bytes;
        }

        var values = known.Bytes.FirstOrDefault(bytes => Names(field, bytes.Word)).Values;
        return values is null ? [1, 2, 3] : values[random.Next(values.Length)];
    }
}
