using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Topfive.ClassifierService;

/// <summary>
/// Vectors of length 1 in a byte a number, each with its own scale and with the length of what the bytes lack, so that a
/// quick look at a quarter of the memory bounds every cosine from both sides.
/// </summary>
internal sealed unsafe class CodedRows
{
    private const int Largest = 127;

    // What float arithmetic may add to a bound, with room to spare: cosines are at most 1, and a float's step there is 6e-8.
    private const float Rounding = 1e-6f;

    private readonly int _stride;
    private readonly sbyte[] _codes;
    private readonly float[] _scales;
    private readonly float[] _errors;

    public CodedRows(int rows, int dimensions)
    {
        _stride = Stride(dimensions);
        _codes = new sbyte[(long)rows * _stride];
        _scales = new float[rows];
        _errors = new float[rows];
    }

    /// <summary>Bytes a row takes here.</summary>
    public static int Stride(int dimensions) => (dimensions + 63) / 64 * 64;

    /// <summary>
    /// So large may a query's codes be that no 32-bit sum of the scan overflows: a lane adds two products for every 32
    /// numbers of a row.
    /// </summary>
    public static int LargestQueryCode(int dimensions) => Math.Min(short.MaxValue, int.MaxValue / (Largest * 2 * (Stride(dimensions) / 32)));

    /// <param name="row">Which.</param>
    /// <param name="vector">Its numbers.</param>
    /// <param name="norm">Its length, above 0.</param>
    public void Set(int row, ReadOnlySpan<float> vector, double norm)
    {
        var largest = 0.0;
        foreach (var value in vector) largest = Math.Max(largest, Math.Abs(value));
        var scale = (float)(largest / norm / Largest);
        var codes = _codes.AsSpan(row * _stride, vector.Length);
        var squares = 0.0;
        for (var i = 0; i < vector.Length; i++)
        {
            var value = vector[i] / norm;
            codes[i] = (sbyte)Math.Clamp(Math.Round(value / scale), -Largest, Largest);
            var lack = value - ((double)scale * codes[i]);
            squares += lack * lack;
        }

        _scales[row] = scale;
        _errors[row] = (float)Math.Sqrt(squares) + Rounding;
    }

    /// <summary>An estimate of each row's cosine to the query; the true one is within <see cref="Bound"/> of it.</summary>
    public void Estimate(NeighborQuery query, int first, int end, Span<float> estimates)
    {
        fixed (sbyte* codes = _codes)
        fixed (short* asked = query.Codes)
        {
            for (var row = first; row < end; row++)
            {
                estimates[row] = (float)(_scales[row] * query.Scale * Product(codes + ((long)row * _stride), asked));
            }
        }
    }

    /// <summary>
    /// How far an estimate may be from the truth. With row = s·a + e and query = t·b + f, the cosine row·query differs from
    /// s·t·(a·b) by e·query + s·a·f, and that is at most |e|·1 + (1 + |e|)·|f| (Cauchy–Schwarz).
    /// </summary>
    public float Bound(int row, NeighborQuery query) => (float)(_errors[row] + ((1 + _errors[row]) * query.Error)) + Rounding;

    private long Product(sbyte* row, short* query)
    {
        if (Avx512BW.IsSupported) return Product512(row, query);
        if (Avx2.IsSupported) return Product256(row, query);
        var sum = 0L;
        for (var i = 0; i < _stride; i++) sum += row[i] * query[i];
        return sum;
    }

    private long Product512(sbyte* row, short* query)
    {
        var (even, odd) = (Vector512<int>.Zero, Vector512<int>.Zero);
        for (var i = 0; i < _stride; i += 64)
        {
            even += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(row + i)), Vector512.Load(query + i));
            odd += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(row + i + 32)), Vector512.Load(query + i + 32));
        }

        var (a, b) = Vector512.Widen(even);
        var (c, d) = Vector512.Widen(odd);
        return Vector512.Sum(a + b + c + d);
    }

    private long Product256(sbyte* row, short* query)
    {
        var (even, odd) = (Vector256<int>.Zero, Vector256<int>.Zero);
        for (var i = 0; i < _stride; i += 32)
        {
            even += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i)), Vector256.Load(query + i));
            odd += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i + 16)), Vector256.Load(query + i + 16));
        }

        var (a, b) = Vector256.Widen(even);
        var (c, d) = Vector256.Widen(odd);
        return Vector256.Sum(a + b + c + d);
    }
}
