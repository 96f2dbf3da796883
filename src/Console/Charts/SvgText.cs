using System.Globalization;
using System.Net;

namespace Topfive.Consoles;

/// <summary>Razor keeps the name "text" for itself.</summary>
internal static class SvgText
{
    public static string Of(double x, double y, string anchor, string words) => string.Create(
        CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{WebUtility.HtmlEncode(words)}</text>");
}
