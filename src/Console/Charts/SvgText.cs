using System.Globalization;
using System.Net;

namespace Topfive.Consoles;

/// <summary>Razor keeps the name "text" for itself.</summary>
internal static class SvgText
{
    public static string Of(double x, double y, string anchor, string words) => string.Create(
        CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{WebUtility.HtmlEncode(words)}</text>");

    /// <summary>From below upwards, beginning at the point.</summary>
    public static string Upright(double x, double y, string words) => string.Create(
        CultureInfo.InvariantCulture, $"<text transform=\"translate({x:0.#} {y:0.#}) rotate(-90)\">{WebUtility.HtmlEncode(words)}</text>");
}
