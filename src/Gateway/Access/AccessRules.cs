using Microsoft.Extensions.Options;

namespace Topfive.Gateway;

/// <summary>
/// Settings of keys and tokens that nobody reads stop the start: of a misspelt limit there would be none, and a list of keys that is
/// no list would leave the Gateway open.
/// </summary>
internal sealed class AccessRules(IConfiguration configuration) : IValidateOptions<AccessOptions>
{
    public ValidateOptionsResult Validate(string? name, AccessOptions options)
    {
        var security = configuration.GetSection(AccessOptions.Section);
        var (keys, jwt) = (security.GetSection(nameof(AccessOptions.ApiKeys)), security.GetSection(nameof(AccessOptions.Jwt)));
        string[] failures =
        [
            .. keys.GetChildren().SelectMany(key => Unknown(key, typeof(ApiKeyOptions), $"Security__ApiKeys__{key.Key}")),
            .. Unknown(jwt, typeof(JwtOptions), "Security__Jwt"),
            .. keys.Value is null ? Array.Empty<string>() : ["Security__ApiKeys is a list: its settings are Security__ApiKeys__0__Name, __Sha256, __Roles and so on"],
            .. jwt.Value is null ? Array.Empty<string>() : ["Security__Jwt has settings, such as Security__Jwt__Authority and Security__Jwt__Audience, and no value of its own"],
        ];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Unknown(IConfigurationSection section, Type options, string setting)
    {
        string[] known = [.. options.GetProperties().Select(property => property.Name)];
        return section.GetChildren()
            .Where(child => !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            .Select(child => $"there is no {setting}__{child.Key}; there are {string.Join(", ", known)}");
    }
}
