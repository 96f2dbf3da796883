using System.ComponentModel.DataAnnotations;
using Topfive.Client;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// Who may call the Gateway: configuration section <c>Security</c>, where every service has <see cref="SecurityOptions"/>. Neither
/// keys nor tokens: everybody may do everything.
/// </summary>
public sealed class AccessOptions : IValidatableObject
{
    public const string Section = SecurityOptions.Section;

    public List<ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>Null: tokens are refused.</summary>
    public JwtOptions? Jwt { get; set; }

    public bool IsOpen => ApiKeys.Count == 0 && Jwt is null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        ApiKeys.SelectMany((key, i) => key.Problems($"Security__ApiKeys__{i}"))
            .Concat(ApiKeys.CountBy(key => key.Name).Where(name => name.Value > 1).Select(name => $"Security__ApiKeys: {name.Value} keys are called '{name.Key}'; each needs a name of its own"))
            .Concat(Jwt?.Problems() ?? [])
            .Select(problem => new ValidationResult(problem));
}

/// <summary>How much a caller may ask for.</summary>
public class CallLimitOptions
{
    /// <summary>Calls a second, and messages a second on streams, over time; 0: any number.</summary>
    public int RequestsPerSecond { get; set; }

    /// <summary>How many of them may come at once after a pause; 0: as many as come in a second.</summary>
    public int Burst { get; set; }

    /// <summary>Calls and streams under way at the same time; 0: any number.</summary>
    public int ConcurrentCalls { get; set; }

    internal IEnumerable<string> LimitProblems(string setting)
    {
        const int most = 1_000_000;
        foreach (var (name, value) in new[] { (nameof(RequestsPerSecond), RequestsPerSecond), (nameof(Burst), Burst), (nameof(ConcurrentCalls), ConcurrentCalls) })
        {
            if (value is < 0 or > most) yield return $"{setting}__{name} is {value}; it must be 0 (no limit) to {most:N0}";
        }

        if (Burst > 0 && RequestsPerSecond == 0) yield return $"{setting}__Burst says nothing without {setting}__RequestsPerSecond";
    }

    /// <summary>The roles in a text, with commas or spaces between them; what is none is left out.</summary>
    internal static Roles RolesIn(string text) => Words(text)
        .Aggregate(Roles.None, (roles, word) => roles | (IsRole(word, out var role) ? role : Roles.None));

    private protected static bool IsRole(string word, out Roles role)
    {
        role = word switch { "predict" => Roles.Predict, "ingest" => Roles.Ingest, "train" => Roles.Train, "admin" => Roles.Admin, _ => Roles.None };
        return role != Roles.None;
    }

    private protected static string[] Words(string text) => text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>One caller with a key: <c>topfive keys new</c> makes one and prints these settings.</summary>
public sealed class ApiKeyOptions : CallLimitOptions
{
    private const int MaxNameLength = 100;

    /// <summary>Who it is: stands in refusals, logs and the history of promotions.</summary>
    public string Name { get; set; } = "";

    /// <summary>SHA-256 of the key's text, 64 hex digits. The key itself is nowhere.</summary>
    public string Sha256 { get; set; } = "";

    /// <summary>predict, ingest, train, admin, with commas between them.</summary>
    public string Roles { get; set; } = "";

    internal IEnumerable<string> Problems(string setting)
    {
        if (Name.Length is 0 or > MaxNameLength || Name.Any(char.IsControl)) yield return $"{setting}__Name must have 1 to {MaxNameLength} characters, none of them control characters";
        if (Sha256.Length != 64 || !Sha256.All(char.IsAsciiHexDigit)) yield return $"{setting}__Sha256 must be 64 hex digits, as topfive keys new prints them";
        if (Words(Roles).Length == 0) yield return $"{setting}__Roles is empty; a key has one or more of predict, ingest, train, admin";
        foreach (var word in Words(Roles).Where(word => !IsRole(word, out _))) yield return $"{setting}__Roles has '{word}'; roles are predict, ingest, train, admin";
        foreach (var problem in LimitProblems(setting)) yield return problem;
    }
}

/// <summary>Whose tokens are believed. The limits are for each subject.</summary>
public sealed class JwtOptions : CallLimitOptions
{
    /// <summary>An OpenID Connect issuer, whose keys are fetched from there and again when they change; or <see cref="PublicKey"/>.</summary>
    public string Authority { get; set; } = "";

    /// <summary>PEM file of the CAs that signed the authority's certificate; empty: those that the system believes.</summary>
    public string Ca { get; set; } = "";

    /// <summary>PEM file of the RSA or EC public key that tokens are signed with; needs <see cref="Issuer"/>.</summary>
    public string PublicKey { get; set; } = "";

    /// <summary>What a token's iss must be; empty: what the authority says.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>What a token's aud must have in it: without, a token made for any other service would do here.</summary>
    public string Audience { get; set; } = "";

    /// <summary>Where the roles stand, in a list or with spaces between them.</summary>
    public string RolesClaim { get; set; } = "roles";

    /// <summary>Who it is.</summary>
    public string NameClaim { get; set; } = "sub";

    internal IEnumerable<string> Problems()
    {
        const string setting = "Security__Jwt";
        if (Authority.Length > 0 == PublicKey.Length > 0) yield return $"{setting}__Authority or {setting}__PublicKey must be set, and not both";
        if (Authority.Length > 0 && !(Uri.TryCreate(Authority, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps)) yield return $"{setting}__Authority must be an https:// address";
        if (PublicKey.Length > 0 && Issuer.Length == 0) yield return $"{setting}__Issuer must be set where {setting}__PublicKey is";
        if (PublicKey.Length > 0 && JwtCallers.Problem(PublicKey) is { } wrong) yield return $"{setting}__PublicKey: {wrong}";
        if (ClientTls.Problem(Ca, "", "") is { } wrongCa) yield return $"{setting}__Ca: {wrongCa}";
        if (Audience.Length == 0) yield return $"{setting}__Audience must be set: without it, a token made for any other service would do here";
        if (RolesClaim.Length == 0 || NameClaim.Length == 0) yield return $"{setting}__RolesClaim and {setting}__NameClaim may not be empty";
        foreach (var problem in LimitProblems(setting)) yield return problem;
    }
}
