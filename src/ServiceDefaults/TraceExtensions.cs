using System.Diagnostics;
using Grpc.Core;

namespace Topfive.ServiceDefaults;

public static class TraceExtensions
{
    /// <summary>The W3C trace id of the call, as it stands in the log.</summary>
    public static string TraceId(this ServerCallContext _) => Activity.Current?.TraceId.ToString() ?? "none";
}
