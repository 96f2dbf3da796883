using System.Net;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>Replicas of a service, each a process with an address of its own and the usual ports, behind one name as behind a headless service.</summary>
internal sealed class ReplicatedService(string program, string name, IReadOnlyDictionary<string, string?> settings, HostNames names, Func<IPAddress> nextAddress) : IAsyncDisposable
{
    private readonly List<(IPAddress Address, ServiceProcess Process)> _replicas = [];

    /// <summary>The newest one's.</summary>
    public IPAddress Newest => _replicas[^1].Address;

    public IReadOnlyList<IPAddress> Addresses => [.. _replicas.Select(replica => replica.Address)];

    /// <summary>Starts one more; it is behind the name when it serves.</summary>
    public async Task AddAsync()
    {
        var address = nextAddress();
        _replicas.Add((address, await StartAsync(address)));
        names.Add(name, address);
    }

    /// <summary>The oldest leaves the name, and is told to end at once: nobody waits until others have heard of it, as a preStop hook does.</summary>
    public async Task RemoveOldestAsync()
    {
        var (address, process) = _replicas[0];
        _replicas.RemoveAt(0);
        names.Remove(name, address);
        await EndAsync(process);
    }

    /// <summary>Ends it and starts it again at the same address.</summary>
    public async Task RestartAsync(int replica)
    {
        var (address, process) = _replicas[replica];
        await EndAsync(process);
        _replicas[replica] = (address, await StartAsync(address));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, process) in _replicas) await process.DisposeAsync();
    }

    private async Task<ServiceProcess> StartAsync(IPAddress address)
    {
        var process = await ServiceProcess.StartAsync(
            program, [], ServiceProcess.NowListening, new Dictionary<string, string?>(settings) { ["Listen__Address"] = $"{address}" }, names: names);
        await process.ServingAsync();
        return process;
    }

    private static async Task EndAsync(ServiceProcess process)
    {
        Assert.Equal((0, ""), await process.StopAsync());
        await process.DisposeAsync();
    }
}
