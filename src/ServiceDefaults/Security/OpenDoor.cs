using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

public static class OpenDoor
{
    /// <summary>Warns, at the start, of a service that other machines reach and that asks nobody who they are.</summary>
    /// <param name="app">The service.</param>
    /// <param name="remedy">The settings that would make it ask.</param>
    public static void WarnOfStrangers(this WebApplication app, string remedy)
    {
        var address = app.Services.GetRequiredService<IOptions<ListenOptions>>().Value.Address;
        if (!IPAddress.IsLoopback(IPAddress.Parse(address)) && app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value.ClientCa.Length == 0)
        {
            app.Logger.LogWarning("Listen__Address is {Address}, and whoever reaches it may do everything: {Remedy}", address, remedy);
        }
    }
}
