namespace Topfive.Backbones;

/// <summary>One step of the architecture, and the steps whose results it takes.</summary>
/// <param name="name">Unique in the architecture.</param>
/// <param name="channels">Channels of its result.</param>
internal abstract class Operation(string name, int channels, params Operation[] inputs)
{
    public string Name { get; } = name;

    public int Channels { get; } = channels;

    public IReadOnlyList<Operation> Inputs { get; } = inputs;
}

/// <summary>The image, preprocessed.</summary>
internal sealed class InputImage() : Operation("image", 3);

/// <summary>Convolution without bias, batch norm, ReLU.</summary>
internal sealed class Convolution(string name, Operation input, int filters, int height, int width, int stride, bool padded)
    : Operation(name, filters, input)
{
    public int Height { get; } = height;

    public int Width { get; } = width;

    public int Stride { get; } = stride;

    /// <summary>True: zeros around keep the size (Keras' "same", always at stride 1). False: "valid".</summary>
    public bool Padded { get; } = padded;
}

/// <summary>Maximum over 3×3 at stride 2, no padding.</summary>
internal sealed class MaxPooling(string name, Operation input) : Operation(name, input.Channels, input);

/// <summary>Mean over 3×3 at stride 1, of those pixels that are in the image.</summary>
internal sealed class AveragePooling(string name, Operation input) : Operation(name, input.Channels, input);

/// <summary>The inputs' channels one after the other.</summary>
internal sealed class Concatenation(string name, params Operation[] inputs)
    : Operation(name, inputs.Sum(input => input.Channels), inputs);
