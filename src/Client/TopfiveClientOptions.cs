namespace Topfive.Client;

/// <summary>Where the Gateway is, what proves that it is the one, what proves to it who asks, and how patiently it is asked.</summary>
public sealed class TopfiveClientOptions
{
    /// <summary>
    /// <c>http://host:port</c> or <c>https://host:port</c>; several of them with commas between them, or <c>dns:///host:port</c> for every address
    /// behind a name: calls then go to them in turn, and to those only that answer. Default: <c>http://localhost:8080</c>.
    /// </summary>
    public string Address { get; set; } = "http://localhost:8080";

    /// <summary>True: TLS where <see cref="Address"/> is <c>dns:///…</c>; of other addresses the scheme says it.</summary>
    public bool UseTls { get; set; }

    /// <summary>Key that every call shows; empty: none.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>JWT that every call shows, in place of a key; empty: none.</summary>
    public string Token { get; set; } = "";

    /// <summary>Asked for the JWT before every call, in place of <see cref="Token"/>, so that it can be renewed: it keeps one that is valid still.</summary>
    public Func<CancellationToken, ValueTask<string>>? TokenProvider { get; set; }

    /// <summary>What the services note as who did it, of a training or a promotion; nobody checks it. Empty: nothing.</summary>
    public string User { get; set; } = "";

    /// <summary>PEM file of the CAs to believe that the Gateway is the Gateway, and no others; empty: those that the system believes.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>PEM file of a certificate to show to the Gateway; empty: none. Read again when it is renewed.</summary>
    public string ClientCertificateFile { get; set; } = "";

    /// <summary>PEM file of that certificate's private key.</summary>
    public string ClientKeyFile { get; set; } = "";

    /// <summary>True: a key or token may go to another machine without TLS, because something else encrypts.</summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>
    /// Deadline of a call with one answer that was given none of its own, retries included; null: none. Streams have none but their own. Above
    /// 0. Default: 100 s.
    /// </summary>
    public TimeSpan? Timeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>
    /// How often in all a call is tried that ends with UNAVAILABLE and can be repeated unseen, and a stream of images that makes no progress: 1 (not
    /// again) to 5. Between attempts the client waits <see cref="RetryDelay"/>, then twice as long, and so on to 5 s. Default: 4.
    /// </summary>
    public int MaxAttempts { get; set; } = 4;

    /// <summary>Wait before the second attempt; above 0, at most 5 s. Default: 0.2 s.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);
}
