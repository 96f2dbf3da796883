using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>
/// How a service that is told to stop does so. Health says NOT_SERVING at once, and everything is answered as before for
/// <see cref="ListenOptions.DrainSeconds"/>, in which balancers look elsewhere; then streams stop reading, answer what they have read, and end; then
/// the port closes, and calls that are under way have <see cref="TimeToFinish"/>.
/// </summary>
public sealed class Draining(IOptions<ListenOptions> options, IHostApplicationLifetime lifetime) : IHostedLifecycleService, IHealthCheck, IDisposable
{
    /// <summary>Of calls that are under way when the port closes; then they are broken off.</summary>
    public static readonly TimeSpan TimeToFinish = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _streamsEnd = new();
    private volatile bool _begun;

    /// <summary>Cancelled when streams have to end.</summary>
    public CancellationToken StreamsEnd => _streamsEnd.Token;

    /// <summary>How a stream ends that was not read to its end: UNAVAILABLE, with when to try again.</summary>
    /// <param name="resume">What the caller has to send again, and where.</param>
    public static Failure CutOff(string resume) => Failure.Stopping($"the service is stopping: {resume}", RetryAfter);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_begun || lifetime.ApplicationStopping.IsCancellationRequested
            ? HealthCheckResult.Unhealthy("the service is stopping")
            : HealthCheckResult.Healthy("nobody told the service to stop"));

    async Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken)
    {
        _begun = true;
        await Task.Delay(TimeSpan.FromSeconds(options.Value.DrainSeconds), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _streamsEnd.CancelAsync();
    }

    public void Dispose() => _streamsEnd.Dispose();

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
