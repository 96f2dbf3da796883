using System.Text.Json;
using Xunit;

namespace Topfive.Backbones.Tests;

public class WeightTests
{
    [Fact]
    public void Bytes_are_minimum_plus_scale_times_the_byte_in_double() => Assert.Equal(
        [-1.25, -1.25 + (128 * 0.1), -1.25 + (255 * 0.1)],
        Read("""{"name":"l/kernel","shape":[3],"dtype":"float32","quantization":{"dtype":"uint8","min":-1.25,"scale":0.1}}""", [0, 128, 255]));

    [Fact]
    public void Sixteen_bit_numbers_are_little_endian() => Assert.Equal(
        [2.0, 2.0 + (256 * 0.5), 2.0 + (65535 * 0.5)],
        Read("""{"name":"l/kernel","shape":[3,1],"dtype":"float32","quantization":{"dtype":"uint16","min":2,"scale":0.5}}""", [0, 0, 0, 1, 255, 255]));

    [Fact]
    public void Halves_are_widened_exactly() => Assert.Equal(
        [1.5, -0.0999755859375, 5.960464477539063e-08],
        Read("""{"name":"l/kernel","shape":[3],"dtype":"float32","quantization":{"dtype":"float16"}}""", [0x00, 0x3E, 0x66, 0xAE, 0x01, 0x00]));

    [Fact]
    public void Unquantised_numbers_are_float32() => Assert.Equal(
        [1.0, -2.5], Read("""{"name":"l/bias","shape":[2],"dtype":"float32"}""", [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0]));

    private static double[] Read(string entry, byte[] bytes)
    {
        using var json = JsonDocument.Parse(entry);
        var weight = new TfjsWeight(json.RootElement);
        Assert.Equal(bytes.Length, weight.Bytes);
        return weight.Read(bytes);
    }
}
