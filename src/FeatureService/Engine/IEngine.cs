namespace Topfive.FeatureService;

/// <summary>Runs the backbone. One call at a time.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>Floats of one image: height × width × 3.</summary>
    int PixelsLength { get; }

    /// <summary>Floats of one vector.</summary>
    int Dimensions { get; }

    /// <param name="pixels">count × <see cref="PixelsLength"/>: images one after another, RGB 0…255, rows first.</param>
    /// <param name="count">Images.</param>
    /// <param name="vectors">count × <see cref="Dimensions"/>, filled.</param>
    void Run(Memory<float> pixels, int count, Memory<float> vectors);
}
