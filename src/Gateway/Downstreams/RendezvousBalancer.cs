using System.IO.Hashing;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client.Balancer;
using Topfive.FeatureStore;

namespace Topfive.Gateway;

/// <summary>
/// Sends every image to the FeatureService replica that owns its hash, so that duplicates in flight anywhere in the
/// cluster meet in one process and are computed once. Rendezvous hashing (Thaler and Ravishankar, 1998): each replica
/// scores the image, the highest score owns it; when a replica goes, only its images move.
/// </summary>
internal sealed class RendezvousBalancerFactory : LoadBalancerFactory
{
    public const string PolicyName = "rendezvous";

    public override string Name => PolicyName;

    public override LoadBalancer Create(LoadBalancerOptions options) =>
        new RendezvousBalancer(options.Controller, options.LoggerFactory);
}

internal sealed class RendezvousBalancer(IChannelControlHelper controller, ILoggerFactory loggerFactory)
    : SubchannelsLoadBalancer(controller, loggerFactory)
{
    protected override SubchannelPicker CreatePicker(IReadOnlyList<Subchannel> readySubchannels) =>
        new RendezvousPicker(readySubchannels);
}

internal sealed class RendezvousPicker(IReadOnlyList<Subchannel> subchannels) : SubchannelPicker
{
    private readonly (Subchannel Subchannel, ulong Seed)[] _replicas =
        [.. subchannels.Select(subchannel => (subchannel, ImageRoute.Seed(subchannel.CurrentAddress?.ToString() ?? "")))];

    public override PickResult Pick(PickContext context)
    {
        var key = ImageRoute.KeyOf(context.Request);
        var owner = _replicas[0];
        for (var i = 1; i < _replicas.Length; i++)
        {
            if (ImageRoute.Score(_replicas[i].Seed, key) > ImageRoute.Score(owner.Seed, key))
            {
                owner = _replicas[i];
            }
        }

        return PickResult.ForSubchannel(owner.Subchannel);
    }
}

/// <summary>The route key travels from the call to the balancer in a request header.</summary>
internal static class ImageRoute
{
    private const string Header = "topfive-image";

    public static Metadata For(ImageHash hash) => new() { { Header, hash.Prefix.ToString("x16") } };

    /// <summary>The image's key; a random one for a call without an image, so that such calls spread.</summary>
    public static ulong KeyOf(HttpRequestMessage? request) =>
        request is not null && request.Headers.TryGetValues(Header, out var values)
            ? Convert.ToUInt64(values.First(), 16)
            : (ulong)Random.Shared.NextInt64();

    public static ulong Seed(string address) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(address));

    /// <summary>SplitMix64's finaliser over address and key: cheap, and every bit counts.</summary>
    public static ulong Score(ulong seed, ulong key)
    {
        var x = seed ^ key;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
