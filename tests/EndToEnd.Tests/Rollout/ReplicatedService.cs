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

    /// <summary>As who asks for the name now is told.</summary>
    public IReadOnlyList<IPAddress> Addresses => [.. _replicas.Select(replica => replica.Address)];

    /// <summary>To who watches the name.</summary>
    public event Action? AddressesChanged;

    /// <summary>Starts one more; it is behind the name when it serves.</summary>
    public async Task AddAsync()
    {
        var address = nextAddress();
        _replicas.Add((address, await StartAsync(address)));
        names.Add(name, address);
        AddressesChanged?.Invoke();
    }

    /// <summary>The oldest leaves the name, and is told to end at once: who asks for the name in intervals has not heard of it, as with the preStop hook of k8s/ he has.</summary>
    public async Task RemoveOldestAsync()
    {
        var (address, process) = _replicas[0];
        _replicas.RemoveAt(0);
        names.Remove(name, address);
        AddressesChanged?.Invoke();
        await EndAsync(process);
    }

    /// <summary>Nothing went wrong in those that serve now; those that went were asked when they did.</summary>
    public void LoggedNoFailure()
    {
        foreach (var (_, process) in _replicas) LoggedNoFailure(process);
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
        LoggedNoFailure(process);
        await process.DisposeAsync();
    }

    private static void LoggedNoFailure(ServiceProcess process)
    {
        var failure = string.Join('\n', process.Output.SkipWhile(line => !line.StartsWith("fail:", StringComparison.Ordinal)).Take(40));
        Assert.True(failure.Length == 0, failure);
    }
}
