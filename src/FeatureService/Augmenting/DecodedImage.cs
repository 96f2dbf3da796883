using System.Diagnostics;

namespace Topfive.FeatureService;

/// <summary>
/// An image and its augmented copies from one decoding, which is begun when the first of them has its place in the
/// queue. The decoded pixels, 1 MB, live as long as one of them still has to be made.
/// </summary>
internal sealed class DecodedImage(ImageDecoder decoder, ReadOnlyMemory<byte> image, Urgency urgency, int width, int height)
{
    private Task<float[]>? _decoding;

    /// <summary>Fills a buffer with the pixels of one copy.</summary>
    /// <param name="target">height × width × 3 floats.</param>
    /// <param name="transformation">What makes it this copy.</param>
    /// <param name="abandoned">Nobody wants this copy any more.</param>
    /// <returns>How long this copy had to wait for it, the decoding included.</returns>
    /// <exception cref="ServiceDefaults.Failure">InvalidInput: not an image; the message says why.</exception>
    public async Task<TimeSpan> FillAsync(float[] target, Transformation transformation, CancellationToken abandoned)
    {
        var began = Stopwatch.GetTimestamp();
        AffineTransform.Apply(await PixelsAsync(abandoned), target, width, height, transformation);
        return Stopwatch.GetElapsedTime(began);
    }

    private async Task<float[]> PixelsAsync(CancellationToken abandoned)
    {
        while (true)
        {
            var own = new TaskCompletionSource<float[]>(TaskCreationOptions.RunContinuationsAsynchronously);
            var decoding = Interlocked.CompareExchange(ref _decoding, own.Task, null);
            if (decoding is null)
            {
                _ = DecodeAsync(own, abandoned);
                decoding = own.Task;
            }

            try
            {
                return await decoding.WaitAsync(abandoned);
            }
            catch (OperationCanceledException) when (!abandoned.IsCancellationRequested)
            {
                // Given up by the copy that had begun it; this one is still wanted.
                _ = Interlocked.CompareExchange(ref _decoding, null, decoding);
            }
        }
    }

    private async Task DecodeAsync(TaskCompletionSource<float[]> decoding, CancellationToken abandoned)
    {
        try
        {
            var pixels = GC.AllocateUninitializedArray<float>(width * height * 3);
            await decoder.DecodeAsync(image, pixels, width, height, urgency, abandoned);
            decoding.SetResult(pixels);
        }
        catch (OperationCanceledException)
        {
            decoding.SetCanceled(abandoned);
        }
        catch (Exception exception)
        {
            decoding.SetException(exception);
            // Everybody may have gone; that leaves nobody to observe it, which is no event.
            _ = decoding.Task.Exception;
        }
    }
}
