using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client.Balancer;
using Topfive.FeatureStore;

namespace Topfive.Gateway;

/// <summary>
/// Sends every image to the FeatureService replica that owns its hash, so that duplicates in flight anywhere in the
/// cluster meet in one process and are computed once. Rendezvous hashing (Thaler and Ravishankar, 1998): each replica
/// scores the image, the highest score owns it; when a replica goes, only its images move. Calls without an image spread evenly.
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
    private readonly ConditionalWeakTable<Subchannel, Replica> _replicas = [];
    private readonly ILogger _log = loggerFactory.CreateLogger<RendezvousBalancer>();

    protected override SubchannelPicker CreatePicker(IReadOnlyList<Subchannel> readySubchannels) =>
        new RendezvousPicker(readySubchannels, [.. readySubchannels.Select(subchannel => _replicas.GetValue(subchannel, _ => new Replica(_log)))]);
}

internal sealed class RendezvousPicker(IReadOnlyList<Subchannel> subchannels, Replica[] replicas) : SubchannelPicker
{
    private readonly ulong[] _seeds = [.. subchannels.Select(subchannel => ImageRoute.Seed(subchannel.CurrentAddress?.ToString() ?? ""))];

    /// <summary>
    /// The image's owner; a call that comes again, because that one went away or is not ready yet, goes to the next in line, and so does one whose
    /// owner is silent.
    /// </summary>
    public override PickResult Pick(PickContext context)
    {
        var (key, place) = (ImageRoute.KeyOf(context.Request), ImageRoute.AttemptsOf(context.Request));
        var owner = ImageRoute.OwnerOf(key, _seeds, place);
        for (var passed = 1; passed < replicas.Length && !replicas[owner].TakesCall(); passed++)
        {
            owner = ImageRoute.OwnerOf(key, _seeds, place + passed);
        }

        return PickResult.ForSubchannel(subchannels[owner], replicas[owner].Watch());
    }
}

/// <summary>The route key travels from the call to the balancer in a request header.</summary>
internal static class ImageRoute
{
    private const string Header = "topfive-image";

    /// <summary>gRPC's own: how often the call was tried before; absent the first time.</summary>
    private const string PreviousAttempts = "grpc-previous-rpc-attempts";

    public static Metadata For(ImageHash hash) => new() { { Header, hash.Prefix.ToString("x16") } };

    /// <summary>The image's key; a random one for a call without an image, so that such calls spread.</summary>
    public static ulong KeyOf(HttpRequestMessage? request) =>
        request is not null && request.Headers.TryGetValues(Header, out var values)
            ? Convert.ToUInt64(values.First(), 16)
            : (ulong)Random.Shared.NextInt64();

    public static int AttemptsOf(HttpRequestMessage? request) =>
        request is not null && request.Headers.TryGetValues(PreviousAttempts, out var values) ? int.Parse(values.First()) : 0;

    public static ulong Seed(string address) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(address));

    /// <param name="key">The image's.</param>
    /// <param name="seeds">The replicas', at least one.</param>
    /// <param name="place">In the line of the image's owners: 0 is the owner, 1 the next one; after the last the first again.</param>
    /// <returns>The index of the replica.</returns>
    public static int OwnerOf(ulong key, ReadOnlySpan<ulong> seeds, int place = 0)
    {
        var (owner, ownScore) = (0, ulong.MaxValue);
        for (var turn = 0; turn <= place % seeds.Length; turn++)
        {
            var (next, nextScore) = (owner, 0UL);
            for (var i = 0; i < seeds.Length; i++)
            {
                var score = Score(seeds[i], key);
                if (score >= nextScore && score < ownScore)
                {
                    (next, nextScore) = (i, score);
                }
            }

            (owner, ownScore) = (next, nextScore);
        }

        return owner;
    }

    /// <summary>SplitMix64's finaliser over address and key: cheap, and every bit counts.</summary>
    private static ulong Score(ulong seed, ulong key)
    {
        var x = seed ^ key;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
