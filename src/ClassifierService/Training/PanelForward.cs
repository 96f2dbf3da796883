using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>What turns a panel's sums into its output.</summary>
internal static unsafe class PanelForward
{
    private const int Width = TrainingLayer.PanelWidth;
    private const int Lanes = 16;

    public static void Clear(ActivationBuffer sums, int panel, int batch)
    {
        for (var example = 0; example < TrainingLayer.RoundUp(batch, 4); example++)
        {
            new Span<float>(sums.Row(example) + (panel * Width), Width).Clear();
        }
    }

    public static void AddBiases(TrainingLayer layer, int panel, ActivationBuffer sums, int batch)
    {
        for (var example = 0; example < batch; example++)
        {
            var row = sums.Row(example) + (panel * Width);
            for (var lane = 0; lane < Width; lane += Lanes)
            {
                (Vector512.Load(row + lane) + Vector512.Load(layer.Biases(panel) + lane)).Store(row + lane);
            }
        }
    }

    /// <summary>
    /// Bias, ReLU and inverted dropout: a unit is kept when its 32 random bits reach <paramref name="dropout"/> × 2³²,
    /// and then multiplied by 1 / (1 − dropout). A unit's bits are number (row × padded units + unit) of the stream.
    /// </summary>
    public static void Activate(
        TrainingLayer layer, int panel, ActivationBuffer sums, ActivationBuffer activations, int batch, float dropout, RandomStream random)
    {
        var threshold = Vector512.Create((uint)(dropout * 4294967296.0));
        var scale = Vector512.Create(1 / (1 - dropout));
        for (var example = 0; example < batch; example++)
        {
            for (var lane = 0; lane < Width; lane += Lanes)
            {
                var unit = (panel * Width) + lane;
                var output = Vector512.Max(
                    Vector512.Load(sums.Row(example) + unit) + Vector512.Load(layer.Biases(panel) + lane), Vector512<float>.Zero);
                if (dropout > 0)
                {
                    var bits = random.SixteenAt((((ulong)example * (ulong)layer.PaddedUnits) + (ulong)unit) / 2);
                    output = output * scale & Vector512.GreaterThanOrEqual(bits, threshold).AsSingle();
                }

                output.Store(activations.Row(example) + unit);
            }
        }
    }
}
