namespace Topfive.FeatureStore;

/// <summary>
/// The embedded store's disk. The server answers a write before it is on the disk, so what would not fit there has to be refused here: a disk that
/// is full under it costs the writes of the last moment, and every one after.
/// </summary>
/// <param name="directory">On the disk.</param>
/// <param name="reserve">Bytes that must stay free.</param>
internal sealed class DiskRoom(string directory, Func<long> reserve)
{
    /// <summary>So much may be written before the disk is looked at again; several times less than a sensible reserve.</summary>
    private const long Stride = 1 << 20;

    private readonly DriveInfo _disk = new(directory);
    private long _untilNextLook;

    /// <summary>Before a small value is written: most of the time a subtraction.</summary>
    /// <exception cref="StoreFullException">There is no room; the message names the disk and the limit.</exception>
    public void Take(string item, long bytes)
    {
        if (Interlocked.Add(ref _untilNextLook, -bytes) >= 0) return;
        Check(item, bytes);
        Interlocked.Exchange(ref _untilNextLook, Stride);
    }

    /// <summary>Before a large one is.</summary>
    /// <exception cref="StoreFullException">As of <see cref="Take"/>.</exception>
    public void Check(string item, long bytes)
    {
        // It is in the log, and later in the store's own file as well.
        var needed = (2 * bytes) + reserve();
        var free = _disk.AvailableFreeSpace;
        if (needed >= 0 && free >= needed) return;
        throw new StoreFullException(
            $"{item} of {bytes:N0} bytes is not stored: the embedded store's disk {_disk.Name} has {free:N0} bytes free, "
            + $"and {reserve():N0} must stay free (Store__DiskReserve): make room, or move the data directory (Store__DataDirectory)");
    }
}
