using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Topfive.Consoles;

/// <summary>The console's stylesheet and scripts, out of its assembly.</summary>
internal static class EmbeddedAssets
{
    public static void MapEmbeddedAssets(this IEndpointRouteBuilder app)
    {
        app.Map("/console/assets/app.css", "app.css", "text/css; charset=utf-8");
        app.Map("/console/assets/console.js", "console.js", "text/javascript; charset=utf-8");
        app.Map("/_framework/blazor.web.js", "blazor.web.js", "text/javascript; charset=utf-8");
    }

    private static void Map(this IEndpointRouteBuilder app, string path, string name, string type)
    {
        var bytes = Read(name);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"");
        app.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], (HttpContext http) =>
        {
            // Asked for again with every page, and answered with "not modified": a new version is seen at once.
            http.Response.Headers.CacheControl = "no-cache";
            return TypedResults.File(bytes, type, entityTag: tag);
        });
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(EmbeddedAssets).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
