using System.Diagnostics;
using System.Globalization;
using System.Net;
using StackExchange.Redis.Profiling;

namespace Topfive.FeatureStore;

/// <summary>
/// Every command that a recorded call sends to the store becomes a span of it, by OpenTelemetry's conventions for Redis: the store's client
/// times them, and they are told when the call ends. A call that nobody records costs one look.
/// </summary>
public static class StoreSpans
{
    /// <summary>Of a call that sends many, as FindMissing does; how many there were stands in the call's span.</summary>
    private const int MostOfOneCall = 64;

    private const string Key = "topfive.store";
    private static readonly ActivitySource Source = new("Topfive.FeatureStore");

    /// <summary>Ends what the call began; to be called before <paramref name="call"/> ends, and while it is the current one.</summary>
    public static void Complete(Activity call)
    {
        if (call.GetCustomProperty(Key) is not Commands commands) return;
        call.SetTag("topfive.store.commands", commands.Sent);
        foreach (var command in commands.Session.FinishProfiling())
        {
            using var span = Source.StartActivity(
                command.Command, ActivityKind.Client, parentContext: default,
                [new("db.system.name", "redis"), new("db.operation.name", command.Command), new("db.namespace", command.Db.ToString(CultureInfo.InvariantCulture))],
                startTime: command.CommandCreated);
            if (span is null) return;
            if (command.EndPoint is IPEndPoint server)
            {
                span.SetTag("server.address", server.Address.ToString());
                span.SetTag("server.port", server.Port);
            }

            span.SetEndTime(span.StartTimeUtc + command.ElapsedTime);
        }
    }

    /// <returns>Null: nobody wants to know.</returns>
    internal static ProfilingSession? OfThisCall()
    {
        if (!Source.HasListeners() || Activity.Current is not { Recorded: true } call) return null;
        if (call.GetCustomProperty(Key) is Commands commands) return commands.Next();
        lock (call)
        {
            if (call.GetCustomProperty(Key) is not Commands made) call.SetCustomProperty(Key, made = new Commands());
            return made.Next();
        }
    }

    private sealed class Commands
    {
        private int _sent;

        public int Sent => Volatile.Read(ref _sent);

        public ProfilingSession Session { get; } = new();

        public ProfilingSession? Next() => Interlocked.Increment(ref _sent) <= MostOfOneCall ? Session : null;
    }
}
