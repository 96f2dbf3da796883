namespace Topfive.ClassifierService;

/// <summary>
/// Examples of a batch that are multiplied together: as many as find room in the nearest cache with a tile of their
/// inputs. A batch is cut into the fewest, of nearly the same size.
/// </summary>
/// <param name="First">Its first example's place in the batch.</param>
/// <param name="Count">1 to <see cref="Most"/>.</param>
internal readonly record struct MicroBatch(int First, int Count)
{
    public const int Most = 12;

    public static int CountOf(int batch) => (batch + Most - 1) / Most;

    public static MicroBatch Of(int batch, int number)
    {
        var (count, first) = (CountOf(batch), (int)((long)batch * number / CountOf(batch)));
        return new MicroBatch(first, (int)((long)batch * (number + 1) / count) - first);
    }
}
