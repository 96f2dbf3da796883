using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Vectors in a file that is mapped into memory: the system keeps in memory what there is room for, and may take it back at
/// any time. Nobody else ever sees the file. It has no name from the moment it is there (on Windows: it is deleted with
/// its handle), so that a killed process leaves nothing behind, and its place on the disk is reserved before the first
/// row is written, because a mapped file that meets a full disk ends the process.
/// </summary>
internal sealed unsafe class SnapshotMatrix : VectorMatrix
{
    private readonly string _directory;
    private readonly long _bytes;
    private readonly SafeFileHandle _file;
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;
    private byte* _first;

    /// <param name="directory">Where the file is; made when it is not there.</param>
    /// <param name="rows">How many vectors.</param>
    /// <param name="dimensions">Length of each.</param>
    /// <exception cref="Failure">The file cannot be made as large as it must be; nothing is left of it.</exception>
    public SnapshotMatrix(string directory, int rows, int dimensions) : base(rows, dimensions)
    {
        (_directory, _bytes) = (directory, BytesOf(rows, dimensions));
        try
        {
            Directory.CreateDirectory(directory);
            var path = Path.Combine(directory, $"topfive-{Guid.NewGuid():N}.vectors");
            var whenClosed = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, whenClosed, preallocationSize: _bytes);
            if (!OperatingSystem.IsWindows()) File.Delete(path);
        }
        catch (Exception exception) when (IsNoRoom(exception))
        {
            throw NoRoom(exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw Failure.Precondition($"{Need} and this process may not write to that directory: {exception.Message}");
        }
    }

    private string Need =>
        $"the vectors take {_bytes:N0} bytes, more than Training__MemoryLimit leaves them; they go to a file in '{_directory}' (Training__SnapshotDirectory),";

    protected override float* First => (float*)(_first == null ? Map() : _first);

    public override void Write(int row, ReadOnlySpan<float> vectors)
    {
        try
        {
            RandomAccess.Write(_file, MemoryMarshal.AsBytes(vectors), BytesOf(row, Dimensions));
        }
        catch (Exception exception) when (IsNoRoom(exception))
        {
            throw NoRoom(exception);
        }
    }

    public override void Dispose()
    {
        if (_first != null) _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _first = null;
        _view?.Dispose();
        _map?.Dispose();
        _file.Dispose();
    }

    private byte* Map()
    {
        lock (_file)
        {
            if (_first != null) return _first;
            _map = MemoryMappedFile.CreateFromFile(_file, null, _bytes, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            _view = _map.CreateViewAccessor(0, _bytes, MemoryMappedFileAccess.Read);
            byte* first = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref first);
            return _first = first;
        }
    }

    /// <summary>A file beyond what the file system or the process is allowed comes as an argument out of range.</summary>
    private static bool IsNoRoom(Exception exception) => exception is IOException or ArgumentOutOfRangeException;

    private Failure NoRoom(Exception exception) => Failure.OutOfSpace(
        $"{Need} which fails: {exception.Message} Make room there, name another directory, or raise the limit", exception);
}
