using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Topfive.Features.V1;

namespace Topfive.Consoles;

/// <summary>Numbers and failures as the pages write them.</summary>
internal static class Words
{
    public static string Of(RpcException failure) => failure.StatusCode switch
    {
        StatusCode.PermissionDenied => $"Not allowed: {failure.Status.Detail}.",
        StatusCode.Unauthenticated => $"The Gateway does not know who asks: {failure.Status.Detail}.",
        _ => failure.Status.Detail.Length > 0 ? Sentence(failure.Status.Detail) : $"The Gateway answered {failure.StatusCode}.",
    };

    public static string Sentence(string text) => text.Length == 0 ? "" : $"{char.ToUpperInvariant(text[0])}{text[1..]}{(text[^1] is '.' or '!' or '?' ? "" : ".")}";

    public static string Percent(double share, int digits = 1) => share.ToString($"P{digits}", Spaced);

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Milliseconds(Duration? time) => time is null ? "–" : Milliseconds(time.ToTimeSpan());

    public static string Milliseconds(TimeSpan time) => time.TotalMilliseconds switch
    {
        >= 1000 => $"{time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s",
        >= 10 => $"{time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)} ms",
        _ => $"{time.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture)} ms",
    };

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1 << 20 => $"{(bytes / (double)(1 << 20)).ToString("0.#", CultureInfo.InvariantCulture)} MiB",
        >= 1 << 10 => $"{(bytes / (double)(1 << 10)).ToString("0", CultureInfo.InvariantCulture)} KiB",
        _ => $"{bytes} bytes",
    };

    public static string Time(Timestamp? time) => time is null ? "–" : time.ToDateTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    public static string Hex(ByteString hash) => Convert.ToHexStringLower(hash.Span);

    public static string Of(Source source) => source switch
    {
        Source.Computed => "computed now",
        Source.Store => "vector from the store",
        Source.Memory => "vector from memory",
        Source.InFlight => "shared with another call",
        _ => "",
    };

    private static readonly CultureInfo Spaced = WithSpaceBeforePercent();

    private static CultureInfo WithSpaceBeforePercent()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.PercentPositivePattern = 0;
        return culture;
    }
}
