using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Who makes a call, as far as the call says, and the Gateway for it; nothing of it is verified here.</summary>
internal static class Callers
{
    public const int MaxReasonLength = 500;

    private const int MaxUserLength = 200;

    public static Caller Caller(this ServerCallContext call) => new()
    {
        User = Cut(Uri.UnescapeDataString(call.Header("topfive-user")), MaxUserLength),
        // The Gateway's word: what a caller writes there itself does not pass it.
        Authenticated = Cut(Uri.UnescapeDataString(call.Header("topfive-caller")), MaxUserLength),
        // The Gateway says whom it forwards for.
        Peer = Cut(call.Header("x-forwarded-for") is { Length: > 0 } forwarded ? forwarded : call.Peer, MaxUserLength),
    };

    /// <summary>As HTTP has it: gRPC's own metadata cannot be read where any other of the caller's headers is named binary and is not base64.</summary>
    private static string Header(this ServerCallContext call, string name) => call.GetHttpContext().Request.Headers[name].ToString();

    /// <exception cref="Failure">INVALID_ARGUMENT.</exception>
    public static void CheckReason(string reason)
    {
        if (reason.Length > MaxReasonLength) throw Failure.InvalidInput($"reason has {reason.Length} characters; at most {MaxReasonLength}");
        if (reason.Any(char.IsControl)) throw Failure.InvalidInput("reason contains a control character; it may not");
    }

    private static string Cut(string text, int length) => new([.. text.Where(c => !char.IsControl(c)).Take(length)]);
}
