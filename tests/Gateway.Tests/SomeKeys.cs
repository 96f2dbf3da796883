using System.Security.Cryptography;
using System.Text;
using Grpc.Core;

namespace Topfive.Gateway.Tests;

/// <summary>A key for each role.</summary>
internal static class SomeKeys
{
    public static readonly string[] Roles = ["predict", "ingest", "train", "admin"];

    /// <summary>The key of a role, which is also its caller's name.</summary>
    public static string Of(string role) => $"tf_secret-of-{role}";

    public static (string Key, string Value)[] Settings(params (string Key, string Value)[] ofTheFirst) =>
    [
        .. Roles.SelectMany((role, i) => new[]
        {
            ($"Security:ApiKeys:{i}:Name", role),
            ($"Security:ApiKeys:{i}:Sha256", Sha256(Of(role))),
            ($"Security:ApiKeys:{i}:Roles", role),
        }),
        .. ofTheFirst.Select(setting => ($"Security:ApiKeys:0:{setting.Key}", setting.Value)),
    ];

    public static Metadata Header(string role) => new() { { "x-api-key", Of(role) } };

    private static string Sha256(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
