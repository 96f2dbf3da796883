using System.Diagnostics;

namespace Topfive.ServiceDefaults;

/// <summary>What of a trace is recorded. All of this is for nothing, and costs next to nothing, when spans go nowhere.</summary>
public static class Spans
{
    private static readonly ActivitySource Source = new("Topfive.Spans");

    /// <summary>The span of the call that goes on; null when nobody records it.</summary>
    internal static Activity? OfThisCall => Source.HasListeners() && Activity.Current is { Recorded: true } span ? span : null;

    /// <summary>
    /// What follows in the calling async method keeps the trace's id, also in the services that it calls, and records no spans: a stream of a
    /// million items would be a trace of several million.
    /// </summary>
    public static void Quieten()
    {
        if (!Source.HasListeners()) return;
        var quiet = new Activity("quiet");
        if (Activity.Current is { } call) quiet.SetParentId(call.TraceId, call.SpanId, ActivityTraceFlags.None);
        quiet.Start();
    }

    /// <summary>The call that goes on is not recorded.</summary>
    internal static void Forget()
    {
        if (OfThisCall is not { } span) return;
        span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        span.IsAllDataRequested = false;
    }
}
