using System.CommandLine;
using System.CommandLine.Parsing;

namespace Topfive.Bench;

/// <summary>What <c>bench/Bench -- gpu</c> is told.</summary>
/// <param name="Device">As Backbone__Device.</param>
/// <param name="Library">As Backbone__ProviderLibrary.</param>
/// <param name="Model">The fp32 backbone; null: the repository's.</param>
/// <param name="Images">A folder of JPEGs; null: the tests' photographs.</param>
/// <param name="Batches">Sizes to measure.</param>
/// <param name="Seconds">Of each size.</param>
/// <param name="Stream">Images of each stream.</param>
/// <param name="ProviderOptions">As Backbone__ProviderOptions, name=value.</param>
internal sealed record GpuOptions(
    string Device, string Library, string? Model, string? Images, int[] Batches, double Seconds, int Stream, IReadOnlyDictionary<string, string> ProviderOptions)
{
    public static GpuOptions Parse(string[] args)
    {
        Option<string> device = new("--device") { DefaultValueFactory = _ => "cuda:0" }, library = new("--library") { DefaultValueFactory = _ => "" };
        Option<string?> model = new("--model"), images = new("--images");
        Option<string> batches = new("--batches") { DefaultValueFactory = _ => "1,2,4,8,16,32,64,128,256" };
        Option<double> seconds = new("--seconds") { DefaultValueFactory = _ => 3 };
        Option<int> stream = new("--stream") { DefaultValueFactory = _ => 4_000 };
        Option<string[]> provider = new("--provider-option") { DefaultValueFactory = _ => [] };
        var parsed = new RootCommand { device, library, model, images, batches, seconds, stream, provider }.Parse(args);
        if (parsed.Errors.Count > 0) throw new InvalidDataException(string.Join("; ", parsed.Errors.Select(error => error.Message)));
        return new GpuOptions(
            parsed.GetRequiredValue(device), parsed.GetRequiredValue(library), parsed.GetValue(model), parsed.GetValue(images),
            [.. parsed.GetRequiredValue(batches).Split(',').Select(int.Parse)], parsed.GetValue(seconds), parsed.GetValue(stream),
            parsed.GetRequiredValue(provider).Select(option => option.Split('=', 2)).ToDictionary(option => option[0], option => option[1]));
    }
}
