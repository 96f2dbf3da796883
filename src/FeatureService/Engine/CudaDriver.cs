using System.Runtime.InteropServices;
using System.Text;

namespace Topfive.FeatureService;

/// <summary>
/// NVIDIA's driver, asked for its devices: their numbers are those that CUDA goes by, CUDA_VISIBLE_DEVICES included, where ONNX Runtime
/// lists what the operating system shows of them.
/// </summary>
internal static unsafe class CudaDriver
{
    private const int NameBytes = 128;

    private static string Library => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <param name="whyNone">What kept it from naming one; null when it named some.</param>
    /// <returns>Names of the devices, by number.</returns>
    public static IReadOnlyList<string> Devices(out string? whyNone)
    {
        if (!NativeLibrary.TryLoad(Library, out var driver))
        {
            whyNone = $"there is no NVIDIA device: its driver's {Library} is not on this machine, or not in this container";
            return [];
        }

        var count = 0;
        var error = ((delegate* unmanaged<uint, int>)NativeLibrary.GetExport(driver, "cuInit"))(0);
        if (error == 0) error = ((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(driver, "cuDeviceGetCount"))(&count);
        if (error != 0 || count == 0)
        {
            whyNone = $"there is no NVIDIA device: the driver has none for this process{(error == 0 ? "" : $" (CUDA error {error})")}";
            return [];
        }

        whyNone = null;
        return [.. Enumerable.Range(0, count).Select(number => NameOf(driver, number))];
    }

    private static string NameOf(nint driver, int number)
    {
        var device = 0;
        var name = stackalloc byte[NameBytes];
        var error = ((delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGet"))(&device, number);
        if (error == 0) error = ((delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGetName"))(name, NameBytes, device);
        return error == 0 ? Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)) : $"NVIDIA device {number}";
    }
}
