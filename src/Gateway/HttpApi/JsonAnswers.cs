using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Topfive.ServiceDefaults;
using Status = Google.Rpc.Status;

namespace Topfive.Gateway;

/// <summary>Messages and failures as protobuf's JSON, the same as transcoding writes them.</summary>
internal static class JsonAnswers
{
    /// <summary>What may stand in a status' details.</summary>
    public static readonly TypeRegistry Types = TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor);

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithTypeRegistry(Types));

    public static string TraceId => Activity.Current?.TraceId.ToString() ?? "none";

    public static string Format(IMessage message) => Formatter.Format(message);

    public static IResult Of(IMessage message) => Results.Text(Format(message), "application/json");

    public static IResult Of(Exception exception) => Refusal(FailureTable.ToStatus(exception, TraceId));

    /// <param name="http">Whose call it is.</param>
    /// <param name="failure">Why it is refused.</param>
    /// <param name="httpStatus">Another than the code's own; 0: that one.</param>
    public static Task RefuseAsync(this HttpContext http, Failure failure, int httpStatus = 0)
    {
        if (failure.RetryAfter is { } wait) http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (failure.Kind == FailureKind.Unauthenticated) http.Response.Headers.WWWAuthenticate = "Bearer";
        return Refusal(FailureTable.ToStatus(failure, TraceId), httpStatus).ExecuteAsync(http);
    }

    private static IResult Refusal(Status status, int httpStatus = 0) =>
        Results.Text(Format(status), "application/json", statusCode: httpStatus == 0 ? HttpStatus.Of((StatusCode)status.Code) : httpStatus);
}
