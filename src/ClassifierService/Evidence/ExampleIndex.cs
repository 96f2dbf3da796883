using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.Intrinsics;
using Topfive.FeatureStore;

namespace Topfive.ClassifierService;

/// <summary>
/// A dataset's training vectors in memory, searched exactly: a scan of one byte a number bounds every cosine, and only
/// rows whose bound reaches the best found are compared in full. Never changes. Searches that come while another scans
/// wait for it and then share one pass over the memory.
/// </summary>
internal sealed class ExampleIndex
{
    private const int MostAtOnce = 8;

    // 128 KB of codes: they stay in a core's cache while every query of the pass reads them.
    private const int BlockRows = 64;

    private static readonly Comparer<(int Row, double Cosine)> NearestFirst = Comparer<(int Row, double Cosine)>.Create(
        (a, b) => a.Cosine != b.Cosine ? b.Cosine.CompareTo(a.Cosine) : a.Row.CompareTo(b.Row));

    private readonly int _dimensions;
    private readonly float[] _matrix;
    private readonly double[] _norms;
    private readonly CodedRows _codes;
    private readonly ConcurrentQueue<NeighborQuery> _waiting = new();
    private int _scanning;

    /// <param name="digest">The dataset's.</param>
    /// <param name="images">One a row, in their order: of equally near rows the earlier comes first.</param>
    /// <param name="labels">One a row.</param>
    /// <param name="matrix">Row-major [images, dimensions]; kept. A row whose length is not a number above 0 is left out.</param>
    /// <param name="dimensions">Length of a vector.</param>
    public ExampleIndex(string digest, IReadOnlyList<ImageHash> images, IReadOnlyList<string> labels, float[] matrix, int dimensions)
    {
        (Digest, _matrix, _dimensions) = (digest, matrix, dimensions);
        var norms = new double[images.Count];
        Parallel.For(0, norms.Length, row => norms[row] = Math.Sqrt(Product(Row(row), Row(row))));
        int[] kept = [.. Enumerable.Range(0, norms.Length).Where(row => norms[row] > 0 && double.IsFinite(norms[row]))];
        for (var row = 0; row < kept.Length; row++) Row(kept[row]).CopyTo(matrix.AsSpan(row * dimensions, dimensions));
        Images = [.. kept.Select(row => images[row])];
        Labels = [.. kept.Select(row => labels[row])];
        _norms = [.. kept.Select(row => norms[row])];
        _codes = new CodedRows(kept.Length, dimensions);
        Parallel.For(0, kept.Length, row => _codes.Set(row, Row(row), _norms[row]));
        Bytes = BytesOf(images.Count, dimensions);
    }

    public string Digest { get; }

    public ImageHash[] Images { get; }

    public string[] Labels { get; }

    public long Bytes { get; }

    /// <summary>Rows that the last search compared in full, for benchmarks.</summary>
    public int LastCompared { get; private set; }

    /// <summary>Bytes that so many examples take.</summary>
    public static long BytesOf(long examples, int dimensions) => examples * ((dimensions * (long)sizeof(float)) + CodedRows.Stride(dimensions) + 64);

    /// <summary>The rows with the largest cosines, largest first; of equal ones the earlier row.</summary>
    public Task<IReadOnlyList<(int Row, double Cosine)>> FindAsync(NeighborQuery query)
    {
        _waiting.Enqueue(query);
        if (Interlocked.CompareExchange(ref _scanning, 1, 0) == 0) ThreadPool.UnsafeQueueUserWorkItem(_ => ScanWaiting(), null);
        return query.Answer;
    }

    private void ScanWaiting()
    {
        var pass = new List<NeighborQuery>(MostAtOnce);
        do
        {
            while (true)
            {
                pass.Clear();
                while (pass.Count < MostAtOnce && _waiting.TryDequeue(out var query)) pass.Add(query);
                if (pass.Count == 0) break;
                Scan(pass);
            }

            Volatile.Write(ref _scanning, 0);
        }
        // Whoever came between the last look and here found the scan still going on.
        while (!_waiting.IsEmpty && Interlocked.CompareExchange(ref _scanning, 1, 0) == 0);
    }

    private void Scan(List<NeighborQuery> pass)
    {
        var estimates = pass.Select(_ => ArrayPool<float>.Shared.Rent(_norms.Length)).ToArray();
        try
        {
            var blocks = (_norms.Length + BlockRows - 1) / BlockRows;
            Parallel.ForEach(Partitioner.Create(0, Math.Max(blocks, 1), Math.Max(1, blocks / (4 * Environment.ProcessorCount))), range =>
            {
                for (var block = range.Item1; block < range.Item2; block++)
                {
                    var (first, end) = (block * BlockRows, Math.Min((block + 1) * BlockRows, _norms.Length));
                    for (var i = 0; i < pass.Count; i++) _codes.Estimate(pass[i], first, end, estimates[i]);
                }
            });
            for (var i = 0; i < pass.Count; i++) pass[i].Complete(Select(pass[i], estimates[i].AsSpan(0, _norms.Length)));
        }
        catch (Exception exception)
        {
            foreach (var query in pass) query.Fail(exception);
        }
        finally
        {
            foreach (var estimate in estimates) ArrayPool<float>.Shared.Return(estimate);
        }
    }

    private List<(int Row, double Cosine)> Select(NeighborQuery query, ReadOnlySpan<float> estimates)
    {
        var candidates = Candidates(query, estimates);
        var best = new List<(int Row, double Cosine)>(query.Count + 1);
        var compared = 0;
        foreach (var (reach, row) in candidates)
        {
            // They come in the order of what they may reach: from here on nobody can be among the best.
            if (best.Count == query.Count && reach < best[^1].Cosine) break;
            var found = (Row: row, Cosine: query.Norm == 0 ? 0 : Product(query.Values, Row(row)) / (query.Norm * _norms[row]));
            compared++;
            var place = best.BinarySearch(found, NearestFirst);
            best.Insert(~place, found);
            if (best.Count > query.Count) best.RemoveAt(query.Count);
        }

        LastCompared = compared;
        return best;
    }

    /// <summary>The rows that may be among the nearest, those first that may reach the largest cosine.</summary>
    private List<(float Reach, int Row)> Candidates(NeighborQuery query, ReadOnlySpan<float> estimates)
    {
        // At least so much do the best of what the estimates promise for certain.
        var certain = new PriorityQueue<float, float>(query.Count + 1);
        for (var row = 0; row < estimates.Length; row++)
        {
            var least = estimates[row] - _codes.Bound(row, query);
            if (certain.Count < query.Count) certain.Enqueue(least, least);
            else if (least > certain.Peek()) certain.EnqueueDequeue(least, least);
        }

        var floor = certain.Count < query.Count ? float.NegativeInfinity : certain.Peek();
        var candidates = new List<(float Reach, int Row)>();
        for (var row = 0; row < estimates.Length; row++)
        {
            var reach = estimates[row] + _codes.Bound(row, query);
            if (reach >= floor) candidates.Add((reach, row));
        }

        candidates.Sort((a, b) => b.Reach != a.Reach ? b.Reach.CompareTo(a.Reach) : a.Row.CompareTo(b.Row));
        return candidates;
    }

    private ReadOnlySpan<float> Row(int row) => _matrix.AsSpan(row * _dimensions, _dimensions);

    /// <summary>In double, where a product of two floats is exact.</summary>
    private static double Product(ReadOnlySpan<double> query, ReadOnlySpan<float> row)
    {
        var sum = Vector512<double>.Zero;
        var i = 0;
        for (; i + Vector512<float>.Count <= row.Length; i += Vector512<float>.Count)
        {
            var (lower, upper) = Vector512.Widen(Vector512.Create(row[i..]));
            sum += lower * Vector512.Create(query[i..]);
            sum += upper * Vector512.Create(query[(i + Vector512<double>.Count)..]);
        }

        var total = Vector512.Sum(sum);
        for (; i < row.Length; i++) total += query[i] * row[i];
        return total;
    }

    private static double Product(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var total = 0.0;
        for (var i = 0; i < a.Length; i++) total += (double)a[i] * b[i];
        return total;
    }
}
