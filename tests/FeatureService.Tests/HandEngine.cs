using System.Runtime.InteropServices;
using Topfive.Backbones;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>An engine whose runs end when the test says so; an image's vector is its first pixel and the run's number.</summary>
internal sealed class HandEngine(PixelType pixels = PixelType.Floats) : IEngine
{
    private const int MaxBatchSize = 8;

    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _finish = new(0);
    private readonly byte[] _input = new byte[MaxBatchSize * 12 * pixels.Size()];
    private volatile int _runs;

    public Exception? Failure { get; set; }

    public int Runs => _runs;

    public int PixelsLength => 12;

    public PixelType Pixels => pixels;

    public int Dimensions => 2;

    public async Task BegunAsync() => Assert.True(await _begun.WaitAsync(TimeSpan.FromSeconds(20)));

    public void Finish(int runs) => _finish.Release(runs);

    public Span<byte> Input(int row) => _input.AsSpan(row * PixelsLength * pixels.Size(), PixelsLength * pixels.Size());

    public void Run(int count, Memory<float> vectors)
    {
        _runs++;
        _begun.Release();
        _finish.Wait();
        if (Failure is not null)
        {
            throw Failure;
        }

        for (var row = 0; row < count; row++)
        {
            var image = Input(row);
            vectors.Span[row * Dimensions] = pixels == PixelType.Bytes ? image[0] : MemoryMarshal.Read<float>(image);
            vectors.Span[(row * Dimensions) + 1] = _runs;
        }
    }

    public void Dispose()
    {
        _begun.Dispose();
        _finish.Dispose();
    }
}
