using ScottPlot;
using SkiaSharp;

namespace Topfive.Cli;

/// <summary>
/// The figures' one typeface, carried in this program: a machine without fontconfig has no fonts that SkiaSharp
/// finds, and ScottPlot then draws no text at all.
/// </summary>
internal sealed class FigureFont : IFontResolver
{
    private const string Name = "DejaVu Sans";

    public static readonly SKTypeface Typeface = Load();

    /// <summary>Makes it the font of every plot in this process.</summary>
    public static void Use()
    {
        lock (Typeface)
        {
            if (Fonts.Default != Name)
            {
                Fonts.FontResolvers.Insert(0, new FigureFont());
                Fonts.Default = Name;
                Fonts.Sans = Name;
                Fonts.Monospace = Name;
            }
        }
    }

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => Typeface;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => Typeface;

    private static SKTypeface Load()
    {
        using var file = typeof(FigureFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        return SKTypeface.FromStream(file);
    }
}
