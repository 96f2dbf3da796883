using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Topfive.Client;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>The callers with tokens, which ASP.NET's JwtBearer checks.</summary>
internal sealed class JwtCallers(IOptions<AccessOptions> options, IOptionsMonitor<JwtBearerOptions> bearer)
{
    /// <summary>Of public keys alone: a secret that checks tokens could sign them as well, and "none" is no signature.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JwtOptions? _options = options.Value.Jwt;

    public static void Configure(JwtBearerOptions bearer, JwtOptions jwt, ILoggerFactory loggers)
    {
        bearer.MapInboundClaims = false;
        // What cannot be checked is a refusal with a reason, not an error of this service.
        bearer.Events = new JwtBearerEvents { OnAuthenticationFailed = failed => { failed.Fail(failed.Exception); return Task.CompletedTask; } };
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidAudience = jwt.Audience,
            ValidIssuer = jwt.Issuer.Length > 0 ? jwt.Issuer : null,
            IssuerSigningKey = jwt.PublicKey.Length > 0 ? ReadKey(jwt.PublicKey) : null,
            ValidAlgorithms = Algorithms,
            // Clocks differ; five minutes, which is the default, is more than they do.
            ClockSkew = TimeSpan.FromSeconds(30),
        };
        if (jwt.Authority.Length > 0)
        {
            bearer.Authority = jwt.Authority;
            bearer.BackchannelHttpHandler = new SocketsHttpHandler { SslOptions = new ClientTls(jwt.Ca, "", "", loggers.CreateLogger<JwtCallers>()).Handshake() };
        }
    }

    /// <returns>What is wrong with a file, for the person who named it; null: nothing.</returns>
    public static string? Problem(string file)
    {
        try
        {
            ReadKey(file);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            return exception.Message;
        }
    }

    /// <exception cref="Failure">UNAUTHENTICATED, saying what is wrong with the token but not what is in it.</exception>
    public async ValueTask<KnownCaller> FindAsync(HttpContext http)
    {
        if (_options is null) throw Failure.Unauthenticated("this Gateway takes no tokens (Security__Jwt is not set); send an API key as x-api-key");

        var checkedToken = await http.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme);
        if (checkedToken.Principal is not { } principal)
        {
            await CheckAuthorityAsync(http.RequestAborted);
            throw Failure.Unauthenticated($"the token is refused: {Reason(checkedToken.Failure)}");
        }

        if (principal.FindFirst(_options.NameClaim)?.Value is not { Length: > 0 } name)
        {
            throw Failure.Unauthenticated($"the token is refused: it has no claim '{_options.NameClaim}' that says whose it is (Security__Jwt__NameClaim)");
        }

        var roles = principal.FindAll(_options.RolesClaim).Aggregate(Roles.None, (sum, claim) => sum | CallLimitOptions.RolesIn(claim.Value));
        return new KnownCaller(name, roles, _options);
    }

    /// <summary>Without the authority's keys every token looks wrong, and it is not the caller who can do something about that.</summary>
    private async Task CheckAuthorityAsync(CancellationToken cancellation)
    {
        if (bearer.Get(JwtBearerDefaults.AuthenticationScheme).ConfigurationManager is not { } authority) return;
        try
        {
            await authority.GetConfigurationAsync(cancellation);
        }
        catch (Exception exception) when (exception is InvalidOperationException or HttpRequestException or IOException)
        {
            throw Failure.Unavailable($"the token cannot be checked now: {_options!.Authority} (Security__Jwt__Authority) does not answer with its keys", exception);
        }
    }

    private static string Reason(Exception? failure) => failure switch
    {
        SecurityTokenExpiredException expired => $"it expired at {expired.Expires:u}",
        SecurityTokenNotYetValidException early => $"it is not valid before {early.NotBefore:u}",
        SecurityTokenInvalidIssuerException => "its issuer (iss) is another than the Gateway's Security__Jwt__Issuer or __Authority",
        SecurityTokenInvalidAudienceException => "its audience (aud) is another than the Gateway's Security__Jwt__Audience",
        SecurityTokenNoExpirationException => "it has no end (exp)",
        SecurityTokenInvalidAlgorithmException or SecurityTokenInvalidSignatureException or SecurityTokenSignatureKeyNotFoundException =>
            "it is not signed with a key that the Gateway believes",
        null => "authorization must be Bearer and a token",
        _ => "it is no JWT that can be read",
    };

    private static AsymmetricSecurityKey ReadKey(string file)
    {
        var pem = File.ReadAllText(file);
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: false));
        }
        catch (CryptographicException)
        {
            var ec = ECDsa.Create();
            ec.ImportFromPem(pem);
            return new ECDsaSecurityKey(ec);
        }
        finally
        {
            rsa.Dispose();
        }
    }
}
