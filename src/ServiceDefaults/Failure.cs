namespace Topfive.ServiceDefaults;

/// <summary>What kind of failure it is; <see cref="FailureTable"/> says the gRPC status of each.</summary>
public enum FailureKind
{
    /// <summary>Input that can never work: not an image, too large, unknown field value.</summary>
    InvalidInput,

    /// <summary>Unknown dataset, head, version, run or hash.</summary>
    NotFound,

    /// <summary>The state forbids it: a vector of another backbone than the head's, no version to roll back to.</summary>
    Precondition,

    /// <summary>Nobody knows who calls: no key, no token, or a wrong one.</summary>
    Unauthenticated,

    /// <summary>Who calls is known, and may not do this.</summary>
    PermissionDenied,

    /// <summary>The queue is full, or the caller is over its limit; try again after <see cref="Failure.RetryAfter"/>.</summary>
    QueueFull,

    /// <summary>The caller did not go on with what it had begun.</summary>
    Cancelled,

    /// <summary>A disk is full: trying again helps when somebody has made room.</summary>
    OutOfSpace,

    /// <summary>Not warmed up, or a needed store or service is away.</summary>
    Unavailable,

    /// <summary>Announced in the protos, not built yet.</summary>
    NotBuilt,
}

/// <summary>
/// A failure with a message for the person who has to act on it: it names the item and the limit, and goes to
/// the caller as it stands.
/// </summary>
public sealed class Failure : Exception
{
    private Failure(FailureKind kind, string message, Exception? cause = null) : base(message, cause) => Kind = kind;

    public FailureKind Kind { get; }

    /// <summary>Set for <see cref="FailureKind.QueueFull"/>, and where a stream ends because the service stops.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>A constant of <see cref="ServiceDefaults.Reason"/>, for callers that must tell causes apart.</summary>
    public string? Reason { get; private init; }

    public static Failure InvalidInput(string message, Exception? cause = null) => new(FailureKind.InvalidInput, message, cause);

    public static Failure NotFound(string message, string? reason = null) => new(FailureKind.NotFound, message) { Reason = reason };

    public static Failure Precondition(string message) => new(FailureKind.Precondition, message);

    public static Failure Unauthenticated(string message) => new(FailureKind.Unauthenticated, message);

    public static Failure PermissionDenied(string message) => new(FailureKind.PermissionDenied, message);

    public static Failure QueueFull(string message, TimeSpan retryAfter) => new(FailureKind.QueueFull, message) { RetryAfter = retryAfter };

    public static Failure Cancelled(string message, Exception? cause = null) => new(FailureKind.Cancelled, message, cause);

    public static Failure OutOfSpace(string message, Exception? cause = null) => new(FailureKind.OutOfSpace, message, cause);

    public static Failure Unavailable(string message, Exception? cause = null, string? reason = null) =>
        new(FailureKind.Unavailable, message, cause) { Reason = reason };

    /// <summary>What was begun here is to go on elsewhere.</summary>
    public static Failure Stopping(string message, TimeSpan retryAfter) => new(FailureKind.Unavailable, message) { RetryAfter = retryAfter };

    public static Failure NotBuilt(string message) => new(FailureKind.NotBuilt, message);
}
