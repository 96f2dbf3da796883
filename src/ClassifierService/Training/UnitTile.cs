namespace Topfive.ClassifierService;

/// <summary>A unit's weights in a tile.</summary>
/// <param name="weights">The first.</param>
/// <param name="first">The first moment of the first.</param>
/// <param name="second">Its second moment, for an optimizer that has one.</param>
/// <param name="width">How many: whole groups.</param>
internal readonly unsafe struct UnitTile(float* weights, float* first, float* second, int width)
{
    public float* Weights => weights;

    public float* First => first;

    public float* Second => second;

    public int Width => width;
}

/// <summary>What the gradient of a unit's weights in a tile consists of: inputs · delta, summed over the examples.</summary>
/// <param name="examples">Those of a micro-batch whose delta is not zero.</param>
/// <param name="count">How many.</param>
/// <param name="inputs">The tile's inputs, of the micro-batch's first example.</param>
/// <param name="partial">What the micro-batches before it gave, one number a weight; null when they gave nothing.</param>
internal readonly unsafe struct UnitGradient(ActiveExample* examples, int count, float* inputs, float* partial)
{
    public ActiveExample* Examples => examples;

    public ActiveExample* End => examples + count;

    public float* Inputs => inputs;

    public float* Partial => partial;

    public bool IsZero => count == 0 && partial == null;
}

/// <summary>What a tile adds to a unit's sums: inputs · weights, for each example that has a sum.</summary>
/// <param name="kept">Their places in the micro-batch.</param>
/// <param name="count">How many.</param>
/// <param name="inputs">The tile's inputs, of the micro-batch's first example.</param>
/// <param name="stride">From one example's to the next one's.</param>
/// <param name="sums">A vector for each listed example: sixteen sums that are one in the end.</param>
internal readonly unsafe struct UnitProducts(int* kept, int count, float* inputs, int stride, float* sums)
{
    public int Count => count;

    public float* Sums => sums;

    /// <summary>The tile's inputs of the listed example.</summary>
    public float* Inputs(int listed) => inputs + (kept[listed] * (nint)stride);
}
