using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class ClassificationTests(EmbeddedService embedded) : IAsyncLifetime
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    public async ValueTask InitializeAsync() => await _service.ImportAsync(_head, Some.Model(labels: 7, favourite: 4));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_best_label_comes_first_and_equal_ones_in_label_order()
    {
        var response = await _service.Classification.ClassifyAsync(Some.Request(_head));

        Assert.Equal([4, 0, 1, 2, 3], response.Predictions.Select(prediction => prediction.Index));
        Assert.Equal("label 4", response.Predictions[0].Label);
        Assert.Equal(Math.Exp(3) / (Math.Exp(3) + 6), response.Predictions[0].Probability, 1e-6);
        Assert.Equal((_head, 1, Some.Backbone.Fingerprint), (response.Head, response.Version, response.BackboneFingerprint));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(2_000, 7)]
    public async Task As_many_labels_are_answered_as_asked_cut_to_those_there_are(int topK, int expected)
    {
        var response = await _service.Classification.ClassifyAsync(Some.Request(_head, topK: topK));

        Assert.Equal(expected, response.Predictions.Count);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2_001)]
    [InlineData(int.MinValue)]
    public Task A_top_k_out_of_range_is_refused(int topK) => Some.RefusedAsync(
        StatusCode.InvalidArgument, async () => await _service.Classification.ClassifyAsync(Some.Request(_head, topK: topK)), "top_k", $"{topK}", "2000");

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(2_049)]
    public Task A_vector_of_another_length_is_refused(int length) => Some.RefusedAsync(
        StatusCode.InvalidArgument, async () => await _service.Classification.ClassifyAsync(Some.Request(_head, new float[length])), "vector", $"{length}", "2048");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public Task A_vector_that_is_not_finite_is_refused(float bad)
    {
        var vector = new float[Some.Dimensions];
        vector[2_047] = bad;
        return Some.RefusedAsync(
            StatusCode.InvalidArgument, async () => await _service.Classification.ClassifyAsync(Some.Request(_head, vector)), "vector", "not finite");
    }

    [Fact]
    public Task A_vector_of_another_backbone_is_refused_and_both_are_named()
    {
        var request = Some.Request(_head);
        request.BackboneFingerprint = new string('b', 64);
        return Some.RefusedAsync(
            StatusCode.FailedPrecondition, async () => await _service.Classification.ClassifyAsync(request), request.BackboneFingerprint, Some.Backbone.Fingerprint);
    }

    [Fact]
    public Task A_request_without_input_is_refused() => Some.RefusedAsync(
        StatusCode.InvalidArgument, async () => await _service.Classification.ClassifyAsync(new ClassifyRequest { Head = _head }), "vector", "image_hash");

    [Theory]
    [InlineData("", 0, StatusCode.InvalidArgument, "head")]
    [InlineData("nobody", 0, StatusCode.NotFound, "nobody")]
    [InlineData("nobody", 3, StatusCode.NotFound, "nobody")]
    [InlineData("nobody", -1, StatusCode.InvalidArgument, "version")]
    public Task An_unknown_head_or_version_is_named(string head, long version, StatusCode code, string says)
    {
        var request = Some.Request(head);
        request.Version = version;
        return Some.RefusedAsync(code, async () => await _service.Classification.ClassifyAsync(request), says);
    }

    [Fact]
    public async Task A_stored_vector_is_classified_by_its_image()
    {
        var image = Some.Image();
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 0));

        var response = await _service.Classification.ClassifyAsync(new ClassifyRequest { Head = _head, ImageHash = Some.Bytes(image) });

        Assert.Equal(await _service.Classification.ClassifyAsync(Some.Request(_head)), response);
    }

    [Fact]
    public async Task An_image_without_a_stored_vector_is_not_found_and_says_why_to_machines()
    {
        var image = Some.Image();

        var exception = await Some.RefusedAsync(
            StatusCode.NotFound, async () => await _service.Classification.ClassifyAsync(new ClassifyRequest { Head = _head, ImageHash = Some.Bytes(image) }),
            image.ToString(), Some.Backbone.Fingerprint);

        Assert.True(exception.HasReason(Reason.VectorUnavailable));
    }

    [Fact]
    public async Task An_image_with_a_vector_of_the_current_backbone_only_cannot_be_read_by_another_ones_head()
    {
        var (head, other, image) = (Some.Name("head"), new string('c', 64), Some.Image());
        await _service.ImportAsync(head, Some.Model(fingerprint: other));
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 0));

        await Some.RefusedAsync(
            StatusCode.FailedPrecondition, async () => await _service.Classification.ClassifyAsync(new ClassifyRequest { Head = head, ImageHash = Some.Bytes(image) }),
            other, Some.Backbone.Fingerprint);
    }

    [Fact]
    public async Task A_stream_answers_in_order_and_a_bad_item_harms_no_other()
    {
        using var call = _service.Classification.ClassifyStream();
        for (var i = 0; i < 200; i++)
        {
            var request = Some.Request(i % 10 == 3 ? "nobody" : _head, topK: i % 10 == 7 ? -1 : 1);
            await call.RequestStream.WriteAsync(new ClassifyStreamRequest { Id = $"{i}", Request = i % 10 == 9 ? null : request });
        }

        await call.RequestStream.CompleteAsync();
        var answers = await call.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}"), answers.Select(answer => answer.Id));
        for (var i = 0; i < answers.Count; i++)
        {
            var expected = (i % 10) switch { 3 => StatusCode.NotFound, 7 or 9 => StatusCode.InvalidArgument, _ => StatusCode.OK };
            Assert.Equal(expected, (StatusCode)(answers[i].Error?.Code ?? 0));
        }
    }

    [Fact]
    public void The_best_of_many_are_found_with_ties_in_label_order()
    {
        var random = new Random(3);
        float[] probabilities = [.. Enumerable.Range(0, 5_000).Select(_ => random.Next(50) / 50f)];
        var best = new int[700];

        TopLabels.Find(probabilities, best);

        Assert.Equal(probabilities.Index().OrderByDescending(entry => entry.Item).ThenBy(entry => entry.Index).Take(700).Select(entry => entry.Index), best);
    }
}
