using Google.Protobuf;
using SkiaSharp;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class ReportTests : IAsyncLifetime
{
    private readonly TempDirectory _folder = new();

    private FakeGateway _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await FakeGateway.StartAsync();
        var evaluation = SomeEvaluation.Of(31);
        evaluation.LabelErrorEvidence = LabelErrorEvidence.HeadTooWeak;
        var finished = new Finished { Head = "flowers", Version = 7, Evaluation = evaluation, NewLabels = { "tulip" } };
        finished.LabelChanges.Add(new LabelChange { Label = "a_b", RecallBefore = 0.9f, RecallAfter = 0.5f, Support = 10 });
        finished.LabelChanges.Add(new LabelChange { Label = "rose", RecallBefore = 0.5f, RecallAfter = 0.6f, Support = 10 });
        _gateway.State.Events = [.. SomeEvaluation.Epochs.Select(epoch => new RunEvent { Epoch = epoch }), new() { Finished = finished }];
        _gateway.State.Dataset = new Dataset { Dataset_ = "garden", Digest = new string('d', 64), TrainingExamples = 1_234, ValidationExamples = 300 };
        _gateway.State.Promotions.Add(new Promotion { FromVersion = 6, ToVersion = 7, Cause = PromotionCause.Promoted, Caller = new Caller { User = "ann" }, Reason = "looks | good" });
        _gateway.State.Heads.Add(new Head
        {
            Head_ = "flowers",
            Version = 7,
            Live = true,
            RunId = "r1",
            Dataset = "garden",
            DatasetDigest = new string('d', 64),
            Recipe = new Recipe { HiddenUnits = { 256 }, Epochs = 40, WarmStart = new WarmStart { Version = 6 } },
            Evaluation = evaluation,
            PromotionDecision = new PromotionDecision { Verdict = PromotionVerdict.NotBetter, Reason = "accuracy 0.71 against 0.72", Rule = new PromotionRule() },
            Unknown = new UnknownDetection
            {
                Threshold = 43.25f,
                FalseRejectRate = 0.05f,
                ValidationExamples = 300,
                Measured = new OutlierMeasurement { Dataset = "weeds", Outliers = 120, Auroc = 0.656, MaxSoftmaxAuroc = 0.667, Detected = 0.125 },
            },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_report_tells_all_that_is_known_and_shows_its_figures()
    {
        var outcome = await _gateway.RunAsync("report", "flowers@7", "--out", _folder.File("report"));

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Errors));
        var page = await File.ReadAllTextAsync(_folder.File("report/report.md"));
        Assert.Equal(
            ["Training", "Runs", "Evaluation", "Promotion", "Growing", "Unknown", "Evidence"],
            page.Split('\n').Where(line => line.StartsWith("## ")).Select(line => line[3..]));
        Assert.Contains("| images | 1,234 training, 300 validation |", page);
        Assert.Contains("| expected calibration error | 13.4 % | 2.1 % |", page);
        Assert.Contains("the head is too weak to judge labels", page);
        Assert.Contains("Stayed staged (NOT\\_BETTER): accuracy 0.71 against 0.72.", page);
        Assert.Contains("| 6 | 7 | promote | ann | looks \\| good |", page);
        Assert.Contains("New labels: tulip.", page);
        Assert.Contains("| a\\_b | 10 | 90.0 % | 50.0 % |", page);
        Assert.Contains("| 7 | weeds | 120 | 0.656 | 0.667 | 12.5 % |", page);
        Assert.Contains("| a1a1a1a1a1a1a1a1 | \\[cat\\] | dog | 98.0 % | near\\|by, 0.500, a1a1a1a1a1a1a1a1;", page);
        Assert.DoesNotContain("has changed since", page);
        foreach (var figure in new[] { "curves.png", "reliability.png", "confusion.png" })
        {
            Assert.Contains($"]({figure})", page);
            Assert.InRange(new FileInfo(_folder.File($"report/{figure}")).Length, 5_000, 200_000);
        }
    }

    [Fact]
    public async Task Mistakes_are_drawn_where_their_images_are_at_hand()
    {
        var file = _folder.File("images/cat/one.png");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using (var bitmap = new SKBitmap(40, 40))
        using (var png = bitmap.Encode(SKEncodedImageFormat.Png, 100))
        {
            await File.WriteAllBytesAsync(file, png.ToArray());
        }

        var hash = ByteString.CopyFrom(ImageHash.Of(await File.ReadAllBytesAsync(file)).ToByteArray());
        _gateway.State.Heads[0].Evaluation.ConfidentMistakes[0].ImageHash = hash;

        await _gateway.RunAsync("report", "flowers", "--out", _folder.File("report"), "--images", _folder.File("images"));
        var missing = await _gateway.RunAsync("report", "flowers", "--out", _folder.File("report"), "--images", _folder.File("none"));

        Assert.Contains("](mistakes.png)", await File.ReadAllTextAsync(_folder.File("report/report.md")));
        Assert.True(new FileInfo(_folder.File("report/mistakes.png")).Length > 1_000);
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("none", missing.Errors);
    }

    [Fact]
    public async Task What_is_gone_or_was_never_there_is_said_to_be()
    {
        var head = _gateway.State.Heads[0];
        (head.Unknown, head.PromotionDecision, _gateway.State.Dataset) = (null, null, null);

        await _gateway.RunAsync("report", "flowers", "--out", _folder.File("gone"));
        (head.Recipe, head.Evaluation, head.RunId, head.Dataset) = (null, null, "", "");
        await _gateway.RunAsync("report", "flowers", "--out", _folder.File("imported"));

        var gone = await File.ReadAllTextAsync(_folder.File("gone/report.md"));
        Assert.Contains("cannot be shown: dataset 'garden' was deleted", gone);
        Assert.Contains("It cannot tell unknown images", gone);
        var imported = await File.ReadAllTextAsync(_folder.File("imported/report.md"));
        Assert.Contains("Imported: nothing is known of its training.", imported);
        Assert.Contains("None: there were no validation images.", imported);
        Assert.DoesNotContain("![", imported);
        Assert.Equal(2, (await _gateway.RunAsync("report", "flowers@x", "--out", _folder.File("x"))).ExitCode);
    }

    public static TheoryData<string, string> Texts => new()
    {
        { "sky & weather", @"sky \& weather" }, { "a|b", @"a\|b" }, { "<b>*_`", @"\<b\>\*\_\`" }, { "two\nlines", "two lines" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void What_users_named_is_text_and_never_markup(string text, string markdown) => Assert.Equal(markdown, MarkdownPage.Escape(text));
}
