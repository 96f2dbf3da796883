using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Topfive.ServiceDefaults;

/// <summary>The W3C trace id of a call: in its log lines, in its spans, and in every error that it is answered with.</summary>
public static class TraceExtensions
{
    private const string None = "none";

    public static string TraceId(this ServerCallContext _) => CurrentId;

    internal static string CurrentId => Activity.Current?.TraceId.ToString() ?? None;

    /// <summary>Adds the id as google.rpc.RequestInfo, unless whoever made the status has added one: of one call it is the same.</summary>
    internal static Status WithTrace(this Status status, string traceId)
    {
        if (traceId != None && !status.Details.Any(detail => detail.Is(RequestInfo.Descriptor)))
        {
            status.Details.Add(Any.Pack(new RequestInfo { RequestId = traceId }));
        }

        return status;
    }
}
