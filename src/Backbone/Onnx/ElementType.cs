namespace Topfive.Backbones.Onnx;

/// <summary>ONNX's TensorProto.DataType: of a tensor's numbers.</summary>
internal enum ElementType
{
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    Int32 = 6,
    Float16 = 10,
}
