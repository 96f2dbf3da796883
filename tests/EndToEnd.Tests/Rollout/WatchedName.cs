using Grpc.Net.Client.Balancer;

namespace Topfive.EndToEnd.Tests;

/// <summary>A name whose changes a caller hears at once, as a caller with DNS has heard of them when preStop's seconds are over.</summary>
internal sealed class WatchedName(ReplicatedService service, int port) : ResolverFactory
{
    public override string Name => "watched";

    public override Resolver Create(ResolverOptions options) => new Watch(service, port);

    private sealed class Watch(ReplicatedService service, int port) : Resolver
    {
        private Action<ResolverResult>? _listener;

        public override void Start(Action<ResolverResult> listener)
        {
            _listener = listener;
            service.AddressesChanged += Tell;
            Tell();
        }

        protected override void Dispose(bool disposing)
        {
            service.AddressesChanged -= Tell;
            base.Dispose(disposing);
        }

        private void Tell() => _listener?.Invoke(ResolverResult.ForResult([.. service.Addresses.Select(address => new BalancerAddress($"{address}", port))]));
    }
}
