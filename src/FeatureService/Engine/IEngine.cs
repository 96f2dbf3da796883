using System.Runtime.InteropServices;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>Runs the backbone on one device. One call at a time.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>Values of one image: height × width × 3.</summary>
    int PixelsLength { get; }

    /// <summary>What those values are.</summary>
    PixelType Pixels { get; }

    /// <summary>Floats of one vector.</summary>
    int Dimensions { get; }

    /// <summary>Where an image's pixels go before <see cref="Run"/>; the memory is the engine's own, and near its device.</summary>
    /// <param name="row">From 0; the batch's images stand one after another.</param>
    /// <returns><see cref="PixelsLength"/> values of type <see cref="Pixels"/>: RGB 0…255, rows first.</returns>
    Span<byte> Input(int row);

    /// <param name="count">Images: the first rows of the input.</param>
    /// <param name="vectors">count × <see cref="Dimensions"/>, filled.</param>
    void Run(int count, Memory<float> vectors);
}

internal static class EngineInput
{
    /// <summary>Puts an image where the engine reads it.</summary>
    /// <param name="engine">It.</param>
    /// <param name="row">From 0.</param>
    /// <param name="image"><see cref="IEngine.PixelsLength"/> floats of 0…255; rounded for an engine that reads bytes.</param>
    public static void Put(this IEngine engine, int row, ReadOnlySpan<float> image)
    {
        if (engine.Pixels == PixelType.Bytes) PixelBytes.Round(image, engine.Input(row));
        else MemoryMarshal.AsBytes(image).CopyTo(engine.Input(row));
    }

    /// <summary>Puts a batch, and runs it.</summary>
    /// <param name="engine">It.</param>
    /// <param name="pixels">The images one after another.</param>
    /// <param name="count">Images.</param>
    /// <param name="vectors">count × <see cref="IEngine.Dimensions"/>, filled.</param>
    public static void Run(this IEngine engine, ReadOnlySpan<float> pixels, int count, Memory<float> vectors)
    {
        for (var row = 0; row < count; row++) engine.Put(row, pixels.Slice(row * engine.PixelsLength, engine.PixelsLength));
        engine.Run(count, vectors);
    }
}
