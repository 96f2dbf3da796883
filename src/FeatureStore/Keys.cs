using System.Text;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>
/// Every key and channel there is. All begin with <c>topfive:</c>. Braces make a cluster keep the keys of one head, or
/// of one run, in one slot, so that a transaction can span them; names are escaped so that they cannot break that.
/// </summary>
internal static class Keys
{
    private static ReadOnlySpan<byte> VectorPrefix => "topfive:vector:"u8;

    public static readonly RedisKey Backbone = "topfive:backbone";
    public static readonly RedisKey Datasets = "topfive:datasets";
    public static readonly RedisKey Heads = "topfive:heads";
    public static readonly RedisKey Runs = "topfive:runs";

    /// <summary>Set: names of the heads that have shadows.</summary>
    public static readonly RedisKey ShadowedHeads = "topfive:heads:shadowed";

    /// <summary>Set: ids of the runs that some process has in hand.</summary>
    public static readonly RedisKey RunsInHand = "topfive:runs:in-hand";

    /// <summary>Messages are names of heads.</summary>
    public static readonly RedisChannel LiveHeads = RedisChannel.Literal("topfive:heads:live");

    /// <summary>topfive:vector:FINGERPRINT:HASH, both in hexadecimal. In bytes at once, for it is made for every look-up.</summary>
    public static RedisKey Vector(string fingerprint, ImageHash image)
    {
        var key = new byte[VectorPrefix.Length + fingerprint.Length + 1 + (2 * ImageHash.Size)];
        VectorPrefix.CopyTo(key);
        var rest = key.AsSpan(VectorPrefix.Length);
        rest = rest[Encoding.ASCII.GetBytes(fingerprint, rest)..];
        rest[0] = (byte)':';
        Span<byte> hash = stackalloc byte[ImageHash.Size];
        image.CopyTo(hash);
        Convert.TryToHexStringLower(hash, rest[1..], out _);
        return key;
    }

    /// <summary>topfive:thumbnail:HASH. Of the image alone: every backbone's is the same.</summary>
    public static RedisKey Thumbnail(ImageHash image) => $"topfive:thumbnail:{image}";

    /// <summary>One of <see cref="DatasetStore.Buckets"/> hashes: image hash → example.</summary>
    public static RedisKey Examples(string dataset, int bucket) => $"topfive:dataset:{Escape(dataset)}:{bucket:x3}";

    /// <summary>Counter of version numbers.</summary>
    public static RedisKey HeadLastVersion(string head) => $"topfive:head:{{{Escape(head)}}}:last";

    /// <summary>Hash: version → description.</summary>
    public static RedisKey HeadVersions(string head) => $"topfive:head:{{{Escape(head)}}}:versions";

    /// <summary>The versions that were live, oldest first, comma between; the last one is live.</summary>
    public static RedisKey HeadLive(string head) => $"topfive:head:{{{Escape(head)}}}:live";

    /// <summary>List: every change of what is live, newest first.</summary>
    public static RedisKey HeadPromotions(string head) => $"topfive:head:{{{Escape(head)}}}:promotions";

    public static RedisKey HeadShadows(string head) => $"topfive:head:{{{Escape(head)}}}:shadows";

    /// <summary>Hash: live version, shadow and counter → count.</summary>
    public static RedisKey HeadAgreement(string head, DateTimeOffset hour) => $"topfive:head:{{{Escape(head)}}}:agreement:{hour:yyyyMMddHH}";

    /// <summary>There while the run may still publish a version.</summary>
    public static RedisKey HeadPermit(string head, string runId) => $"topfive:head:{{{Escape(head)}}}:permit:{Escape(runId)}";

    /// <summary>Hash: version → bytes of its model file.</summary>
    public static RedisKey HeadModelSizes(string head) => $"topfive:head:{{{Escape(head)}}}:models";

    public static RedisKey HeadModelPart(string head, long version, int part) =>
        $"topfive:head:{{{Escape(head)}}}:model:{version}:{part}";

    public static RedisKey Run(string runId) => $"topfive:run:{{{Escape(runId)}}}";

    public static RedisKey RunEvents(string runId) => $"topfive:run:{{{Escape(runId)}}}:events";

    public static RedisChannel RunEventsChannel(string runId) => RedisChannel.Literal($"topfive:run:{Escape(runId)}:events");

    /// <summary>There while the process that has the run in hand lives.</summary>
    public static RedisKey RunLease(string runId) => $"topfive:run:{{{Escape(runId)}}}:lease";

    /// <summary>There when somebody asked for the run's end.</summary>
    public static RedisKey RunCancel(string runId) => $"topfive:run:{{{Escape(runId)}}}:cancel";

    private static string Escape(string name) => Uri.EscapeDataString(name);
}
