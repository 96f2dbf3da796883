using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>Which devices the backbone runs on, and why.</summary>
/// <param name="Gpus">One engine each; none: the CPU.</param>
/// <param name="Reason">For the log: one line.</param>
internal sealed record Placement(IReadOnlyList<Gpu> Gpus, string Reason)
{
    public bool IsCpu => Gpus.Count == 0;

    /// <summary>As it is reported: "cpu", "cuda:0", "cuda:0,cuda:1".</summary>
    public string Device => IsCpu ? "cpu" : string.Join(',', Gpus.Select(gpu => gpu.Device));

    /// <param name="setting"><c>Backbone__Device</c>.</param>
    /// <param name="backbone">What is to run.</param>
    /// <param name="find">Looks for GPUs; not called where none is wanted.</param>
    /// <exception cref="InvalidDataException">A GPU is demanded, and there is none, or not that one; the message says why and what to do.</exception>
    public static Placement Choose(string setting, BackboneFile backbone, Func<Accelerators> find)
    {
        var wanted = DeviceSetting.Parse(setting);
        if (wanted.IsCpu) return new Placement([], "cpu, as Backbone__Device says");
        if (backbone.Precision == BackboneQuantizer.Precision)
        {
            const string why = "an int8 backbone is made for processors: `topfive backbone convert` makes an fp16 one for GPUs of the fp32 one";
            return wanted.IsAuto ? new Placement([], $"cpu: {why}") : throw Refusal(setting, why);
        }

        var found = find();
        if (found.WhyNone is { } whyNone)
        {
            return wanted.IsAuto ? new Placement([], $"cpu: {whyNone}") : throw Refusal(setting, whyNone);
        }

        if (wanted.Gpus is null) return Take(found.Gpus);
        return Take([.. wanted.Gpus.Select(number => number < found.Gpus.Count
            ? found.Gpus[number]
            : throw Refusal(setting, $"there is no cuda:{number}: this process sees {string.Join(", ", found.Gpus)}"))]);
    }

    /// <summary>Opens an engine for each of the devices; <c>auto</c> goes on with the CPU when a GPU does not run the backbone.</summary>
    /// <param name="setting"><c>Backbone__Device</c>.</param>
    /// <param name="onGpu">Opens one on a GPU, warmed up and verified.</param>
    /// <param name="onCpu">The same on the CPU.</param>
    /// <exception cref="InvalidDataException">A GPU is demanded and does not run the backbone.</exception>
    public (Placement Placement, IReadOnlyList<IEngine> Engines) Open(string setting, Func<Gpu, IEngine> onGpu, Func<IEngine> onCpu)
    {
        if (IsCpu) return (this, [onCpu()]);
        var engines = new List<IEngine>();
        try
        {
            foreach (var gpu in Gpus) engines.Add(onGpu(gpu));
            return (this, engines);
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or InvalidDataException)
        {
            engines.ForEach(engine => engine.Dispose());
            var why = $"{Gpus[engines.Count]} does not run the backbone: {exception.Message}";
            if (!DeviceSetting.Parse(setting).IsAuto) throw Refusal(setting, why);
            return (new Placement([], $"cpu: {why}"), [onCpu()]);
        }
    }

    private static Placement Take(IReadOnlyList<Gpu> gpus) => new(gpus, $"took {string.Join(", ", gpus)}");

    private static InvalidDataException Refusal(string setting, string why) =>
        new($"Backbone__Device is {setting}, but {why}. Put that right (docs/gpu.md), or choose auto or cpu");
}
