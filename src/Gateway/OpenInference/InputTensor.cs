using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>The one input that every model has: BYTES, an encoded image an element. Refusals read like Triton's.</summary>
internal static class InputTensor
{
    public const string Name = "image";
    public const string Datatype = "BYTES";

    /// <summary>Of one request: its answer has to be held whole.</summary>
    public const int MaxImages = 1024;

    private const int LengthBytes = 4;

    public static ModelMetadataResponse.Types.TensorMetadata Metadata => new() { Name = Name, Datatype = Datatype, Shape = { -1 } };

    /// <returns>The images, at least one and none of them empty; they share the request's memory.</returns>
    /// <exception cref="Failure">INVALID_ARGUMENT, naming the tensor and the element.</exception>
    public static IReadOnlyList<ByteString> ImagesOf(ModelInferRequest request)
    {
        var model = request.ModelName;
        if (request.Inputs.Count != 1) throw Failure.InvalidInput($"expected 1 inputs but got {request.Inputs.Count} inputs for model '{model}'");
        var input = request.Inputs[0];
        if (input.Name != Name) throw Failure.InvalidInput($"unexpected inference input '{input.Name}' for model '{model}'; its input is '{Name}'");
        if (input.Datatype != Datatype) throw Failure.InvalidInput($"inference input '{Name}' data-type is '{input.Datatype}', but model '{model}' expects '{Datatype}'");
        SharedMemory.Refuse(input.Parameters, $"input '{Name}'", model);

        var count = CountIn(input, model);
        IReadOnlyList<ByteString> images = request.RawInputContents.Count > 0 ? RawElements(request, input, count) : TypedElements(input, count, model);
        for (var place = 0; place < images.Count; place++)
        {
            if (images[place].IsEmpty) throw Failure.InvalidInput($"element {place} of input '{Name}' for model '{model}' is empty; an element is an encoded image");
        }

        return images;
    }

    private static int CountIn(ModelInferRequest.Types.InferInputTensor input, string model)
    {
        if (input.Shape is not ([_] or [_, 1])) throw Failure.InvalidInput($"unexpected shape for input '{Name}' for model '{model}'. Expected [-1] or [-1,1], got [{string.Join(',', input.Shape)}]");
        if (input.Shape[0] is < 1 or > MaxImages) throw Failure.InvalidInput($"input '{Name}' for model '{model}' has {input.Shape[0]:N0} elements; a request has 1 to {MaxImages:N0}");
        return (int)input.Shape[0];
    }

    private static RepeatedField<ByteString> TypedElements(ModelInferRequest.Types.InferInputTensor input, int count, string model)
    {
        var contents = input.Contents ?? new InferTensorContents();
        if (contents.BoolContents.Count + contents.IntContents.Count + contents.Int64Contents.Count + contents.UintContents.Count
            + contents.Uint64Contents.Count + contents.Fp32Contents.Count + contents.Fp64Contents.Count > 0)
        {
            throw Failure.InvalidInput($"unexpected explicit tensor data for input tensor '{Name}' for model '{model}': elements of {Datatype} stand in bytes_contents alone");
        }

        var bytes = contents.BytesContents;
        return bytes.Count == count ? bytes : throw Failure.InvalidInput($"unexpected number of string elements {bytes.Count} for inference input '{Name}' for model '{model}', expecting {count}");
    }

    private static List<ByteString> RawElements(ModelInferRequest request, ModelInferRequest.Types.InferInputTensor input, int count)
    {
        if (input.Contents is not null) throw Failure.InvalidInput($"contents field must not be specified when using raw_input_contents for '{Name}' for model '{request.ModelName}'");
        if (request.RawInputContents.Count != 1) throw Failure.InvalidInput($"expected 1 raw_input_contents but got {request.RawInputContents.Count} for model '{request.ModelName}', one for each input");

        var images = new List<ByteString>(count);
        var rest = request.RawInputContents[0].Memory;
        while (!rest.IsEmpty)
        {
            if (images.Count == count) throw Failure.InvalidInput($"unexpected number of string elements for inference input '{Name}' for model '{request.ModelName}', expecting {count}: {rest.Length:N0} bytes are left over");
            if (rest.Length < LengthBytes) throw Failure.InvalidInput($"incomplete string length indicator for inference input '{Name}' for model '{request.ModelName}': element {images.Count} begins with {rest.Length} bytes; a length has {LengthBytes}");
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
            rest = rest[LengthBytes..];
            if (length > rest.Length) throw Failure.InvalidInput($"incomplete string data for inference input '{Name}' for model '{request.ModelName}': element {images.Count} should have {length:N0} bytes and has {rest.Length:N0}");
            images.Add(UnsafeByteOperations.UnsafeWrap(rest[..(int)length]));
            rest = rest[(int)length..];
        }

        return images.Count == count ? images : throw Failure.InvalidInput($"unexpected number of string elements {images.Count} for inference input '{Name}' for model '{request.ModelName}', expecting {count}");
    }
}
