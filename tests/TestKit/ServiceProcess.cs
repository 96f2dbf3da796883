using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Topfive.TestKit;

/// <summary>A program of the product in a process of its own, which says on standard output where it listens.</summary>
public sealed partial class ServiceProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly Task _restOfOutput;
    private readonly ConcurrentQueue<string> _output;

    private ServiceProcess(Process process, Uri address, IEnumerable<string> output, Task<string> errors)
    {
        _process = process;
        _output = new(output);
        _errors = errors;
        Address = address;
        // Unread, it would fill the pipe and stop the process.
        _restOfOutput = Task.Run(async () =>
        {
            while (await process.StandardOutput.ReadLineAsync() is { } line) _output.Enqueue(line);
        });
    }

    /// <summary>The first address that it said.</summary>
    public Uri Address { get; }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>What it has said on standard output: log lines, for one.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>Resident memory in bytes, now.</summary>
    public long Rss => StatusBytes(_process.Id, "VmRSS:");

    /// <summary>The most resident memory that it ever had, in bytes.</summary>
    public long PeakRss => PeakRssOf(_process.Id);

    /// <summary>The line of a service.</summary>
    [GeneratedRegex(@"Now listening on: (http\S+)")]
    public static partial Regex NowListening { get; }

    /// <summary>The line of <c>topfive up</c>.</summary>
    [GeneratedRegex(@"Gateway\s.*?(https?://\S+?)/?\s")]
    public static partial Regex Gateway { get; }

    /// <param name="program">The name of a program that stands beside this one: <c>topfive</c>, <c>Topfive.FeatureService</c>…</param>
    /// <param name="args">Its command line.</param>
    /// <param name="addressLine">Its first group is the address.</param>
    /// <param name="settings">Environment variables; a value of null takes one away.</param>
    /// <param name="fileKilobytes">It can make no file larger than this; null: any.</param>
    /// <param name="names">Names that it resolves; null: those of this machine.</param>
    /// <exception cref="InvalidOperationException">It ended first; the message is what it said on standard error.</exception>
    public static async Task<ServiceProcess> StartAsync(
        string program, IEnumerable<string> args, Regex addressLine, IReadOnlyDictionary<string, string?>? settings = null,
        int? fileKilobytes = null, HostNames? names = null)
    {
        var path = Path.Combine(AppContext.BaseDirectory, program);
        // Writes beyond the limit fail, as on a full disk, where the signal is ignored that would end the process.
        var start = fileKilobytes is { } limit
            ? new ProcessStartInfo("bash", ["-c", $"trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"", path, .. args])
            : names is not null ? new ProcessStartInfo("unshare", [.. names.Before, path, .. args])
            : new ProcessStartInfo(path, args);
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        // The runtime maps its code through a file in memory, which the limit would forbid.
        if (fileKilobytes is not null) start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        start.RedirectStandardOutput = start.RedirectStandardError = true;

        var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync();
            var output = new List<string>();
            while (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2)) is { } line)
            {
                output.Add(line);
                if (addressLine.Match(line) is { Success: true } match)
                {
                    return new ServiceProcess(process, new Uri(match.Groups[1].Value), output, errors);
                }
            }

            throw new InvalidOperationException($"{program} ended: {await errors}");
        }
        catch
        {
            await EndAsync(process);
            throw;
        }
    }

    /// <summary>The most resident memory that a process of this machine ever had, in bytes.</summary>
    public static long PeakRssOf(int processId) => StatusBytes(processId, "VmHWM:");

    /// <summary>Waits until its health says that it serves.</summary>
    /// <exception cref="TimeoutException">It did not within a minute.</exception>
    public async Task ServingAsync()
    {
        using var channel = GrpcChannel.ForAddress(Address);
        var health = new Health.HealthClient(channel);
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1); await Task.Delay(20))
        {
            try
            {
                var answer = await health.CheckAsync(new HealthCheckRequest(), deadline: DateTime.UtcNow.AddSeconds(5));
                if (answer.Status == HealthCheckResponse.Types.ServingStatus.Serving) return;
            }
            catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
            {
                // It does not listen yet, or the machine is busy.
            }
        }

        throw new TimeoutException($"{_process.ProcessName} did not serve within a minute");
    }

    /// <summary>Where a service answers HTTP/1.1, which is the second address that it says.</summary>
    public async Task<Uri> HttpAddressAsync()
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1); await Task.Delay(20))
        {
            if (_output.Select(line => NowListening.Match(line)).Where(match => match.Success).ElementAtOrDefault(1) is { } match) return new Uri(match.Groups[1].Value);
        }

        throw new TimeoutException("it did not say a second address within a minute");
    }

    /// <summary>Asks it to end, as Kubernetes, systemd and Ctrl-C do, and does not wait.</summary>
    public Task TellToStopAsync() => ProcessSignal.SendAsync(Id, "TERM");

    /// <summary>Asks it to end, as Kubernetes, systemd and Ctrl-C do.</summary>
    /// <returns>Its exit code, and what it said on standard error in its life.</returns>
    public async Task<(int ExitCode, string Errors)> StopAsync()
    {
        await TellToStopAsync();
        return await EndedAsync();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>As of <see cref="StopAsync"/>.</returns>
    public async Task<(int ExitCode, string Errors)> EndedAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return (_process.ExitCode, await _errors);
    }

    /// <summary>As a crash does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _restOfOutput;
    }

    /// <summary>It sleeps until <see cref="ResumeAsync"/>, and does not know it.</summary>
    public Task PauseAsync() => ProcessSignal.SendAsync(Id, "STOP");

    public Task ResumeAsync() => ProcessSignal.SendAsync(Id, "CONT");

    public ValueTask DisposeAsync() => EndAsync(_process);

    private static async ValueTask EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private static long StatusBytes(int processId, string field)
    {
        var line = File.ReadLines($"/proc/{processId}/status").Single(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(field.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }
}
