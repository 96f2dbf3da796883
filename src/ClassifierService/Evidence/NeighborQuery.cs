using System.Numerics.Tensors;

namespace Topfive.ClassifierService;

/// <summary>One search: a vector of length 1 as the scan and as the exact comparison read it, and where the answer goes.</summary>
internal sealed class NeighborQuery
{
    private readonly TaskCompletionSource<IReadOnlyList<(int Row, double Cosine)>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="vector">Finite numbers.</param>
    /// <param name="count">How many neighbours.</param>
    public NeighborQuery(ReadOnlySpan<float> vector, int count)
    {
        Count = count;
        Values = new double[vector.Length];
        TensorPrimitives.ConvertTruncating(vector, Values);
        Norm = Math.Sqrt(TensorPrimitives.SumOfSquares<double>(Values));
        Codes = new short[CodedRows.Stride(vector.Length)];
        if (Norm > 0) Encode();
    }

    public int Count { get; }

    /// <summary>The vector's own numbers.</summary>
    public double[] Values { get; }

    public double Norm { get; }

    /// <summary>The vector, scaled to length 1, is about <see cref="Scale"/> times these.</summary>
    public short[] Codes { get; }

    public double Scale { get; private set; }

    /// <summary>The length of what <see cref="Scale"/> times <see cref="Codes"/> lacks.</summary>
    public double Error { get; private set; }

    public Task<IReadOnlyList<(int Row, double Cosine)>> Answer => _answer.Task;

    public void Complete(IReadOnlyList<(int Row, double Cosine)> neighbors) => _answer.TrySetResult(neighbors);

    public void Fail(Exception exception) => _answer.TrySetException(exception);

    private void Encode()
    {
        Scale = Math.Abs(TensorPrimitives.MaxMagnitude<double>(Values)) / Norm / CodedRows.LargestQueryCode(Values.Length);
        var squares = 0.0;
        for (var i = 0; i < Values.Length; i++)
        {
            var value = Values[i] / Norm;
            Codes[i] = (short)Math.Round(value / Scale);
            var lack = value - (Scale * Codes[i]);
            squares += lack * lack;
        }

        Error = Math.Sqrt(squares);
    }
}
