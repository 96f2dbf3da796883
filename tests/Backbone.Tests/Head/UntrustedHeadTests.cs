using System.Text;
using Google.Protobuf;
using Topfive.Backbones.Onnx;
using Xunit;

namespace Topfive.Backbones.Tests;

public class UntrustedHeadTests
{
    [Fact]
    public void Text_is_refused() => Refused(Encoding.UTF8.GetBytes("this is no model, whatever its name says"), "not an ONNX model");

    [Fact]
    public void No_bytes_are_refused() => Refused([], "no graph");

    [Fact]
    public void A_shape_larger_than_its_numbers_is_refused_before_memory_is_taken() =>
        Refused(Changed(graph => graph.Initializer[0].Dims[1] = int.MaxValue), "dense_1/weights");

    [Fact]
    public void A_shape_beyond_every_array_is_refused() =>
        Refused(Changed(graph => graph.Initializer[0].Dims[0] = long.MaxValue), "dense_1/weights");

    [Fact]
    public void A_negative_dimension_is_refused() => Refused(Changed(graph => graph.Initializer[0].Dims[0] = -6), "dense_1/weights");

    [Fact]
    public void Numbers_in_half_precision_are_refused_with_the_layer() => Refused(Changed(graph => graph.Initializer[2].DataType = 10), "dense_2");

    [Fact]
    public void A_layer_that_does_not_fit_the_one_before_is_refused() => Refused(Changed(graph =>
    {
        graph.Initializer[2].Dims[0] = 2;
        graph.Initializer[2].Dims[1] = 6;
        graph.Initializer[3].Dims[0] = 6;
        graph.Initializer[3].RawData = ByteString.CopyFrom(new byte[24]);
    }), "dense_2 takes 2 inputs");

    [Fact]
    public void A_bias_of_another_length_is_refused() => Refused(Changed(graph =>
    {
        graph.Initializer[1].Dims[0] = 2;
        graph.Initializer[1].RawData = ByteString.CopyFrom(new byte[8]);
    }), "dense_1 has 4 units and 2 biases");

    [Fact]
    public void A_number_that_is_not_finite_is_refused() => Refused(Changed(graph =>
    {
        var numbers = graph.Initializer[2].RawData.ToByteArray();
        BitConverter.TryWriteBytes(numbers, float.NaN);
        graph.Initializer[2].RawData = ByteString.CopyFrom(numbers);
    }), "dense_2 holds a number that is not finite");

    [Fact]
    public void An_operator_that_no_dense_head_has_is_refused() => Refused(Changed(graph => graph.Node[1].OpType = "Loop"), "'Loop'");

    [Fact]
    public void A_branch_is_refused() => Refused(Changed(graph => graph.Node[2].Input[0] = "vector"), "dense_2 does not follow");

    [Fact]
    public void A_tensor_named_by_two_layers_is_refused() =>
        Refused(Changed(graph => graph.Node[2].Input[1] = graph.Node[0].Input[1]), "dense_2: its input 1 is missing, or used before");

    [Fact]
    public void A_head_without_softmax_is_refused() => Refused(Changed(graph =>
    {
        graph.Node.RemoveAt(3);
        graph.Output[0].Name = graph.Node[2].Output[0];
    }), "must have Softmax");

    [Fact]
    public void A_label_too_many_is_refused() =>
        Refused(Changed(model => model.MetadataProps[0].Value = """["a","b","c","d"]"""), "3 units, but there are 4 labels");

    [Fact]
    public void A_label_that_stands_twice_is_refused() => Refused(Changed(model => model.MetadataProps[0].Value = """["a","b","a"]"""), "'a' stands twice");

    [Fact]
    public void Labels_that_are_no_list_of_texts_are_refused() => Refused(Changed(model => model.MetadataProps[0].Value = """["a",null,3]"""), "topfive.labels");

    [Fact]
    public void A_fingerprint_that_is_none_is_refused() => Refused(Changed(model => model.MetadataProps[1].Value = "inception"), "fingerprint");

    [Fact]
    public void A_file_of_nothing_but_nodes_is_refused_before_it_is_parsed()
    {
        // 16 MiB of empty nodes would become more than a gigabyte of objects.
        byte[] nodes = [.. Enumerable.Repeat((byte[])[0x0A, 0x00], 8 << 20).SelectMany(node => node)];
        byte[] file = [0x3A, 0x80, 0x80, 0x80, 0x08, .. nodes];
        var before = GC.GetAllocatedBytesForCurrentThread();

        Refused(file, "bytes that are not its layers' numbers");

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_head_of_many_megabytes_of_numbers_is_read()
    {
        var head = SomeHead.Create(2048, 1000, 40);

        Assert.Equal(head.Parameters, HeadModel.Read(HeadModel.Write(head)).Parameters);
    }

    [Fact]
    public void Ten_thousand_damaged_files_are_read_or_refused_and_nothing_else_happens()
    {
        var model = HeadModel.Write(SomeHead.Create(6, 4, 3));
        var random = new Random(11);
        var refused = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var damaged = model.AsSpan(0, random.Next(4) == 0 ? random.Next(model.Length) : model.Length).ToArray();
            for (var hits = random.Next(1, 5); hits > 0 && damaged.Length > 0; hits--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                HeadModel.Read(damaged);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1_000, 9_999);
    }

    private static void Refused(byte[] model, string because) =>
        Assert.Contains(because, Assert.Throws<InvalidDataException>(() => HeadModel.Read(model)).Message);

    private static byte[] Changed(Action<GraphProto> change) => Changed((ModelProto model) => change(model.Graph));

    private static byte[] Changed(Action<ModelProto> change)
    {
        var model = ModelProto.Parser.ParseFrom(HeadModel.Write(SomeHead.Create(6, 4, 3)));
        change(model);
        return model.ToByteArray();
    }
}
