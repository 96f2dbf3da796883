using Xunit;

namespace Topfive.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("train x --epochs 0", "--epochs must be 1 to 10,000; it is 0.")]
    [InlineData("train x --epochs many", "--epochs must be 1 to 10,000; it is many.")]
    [InlineData("train x --learning-rate 0", "above 0 and at most 10")]
    [InlineData("train x --learning-rate NaN", "above 0 and at most 10")]
    [InlineData("train x --learning-rate 0,1", "above 0 and at most 10")]
    [InlineData("train x --batch-size 65537", "1 to 65,536")]
    [InlineData("train x --dropout 1", "at least 0 and below 1")]
    [InlineData("train x --hidden 256,0", "1 to 8,192")]
    [InlineData("train x --optimizer lion", "rmsprop, adam or sgd; it is lion.")]
    [InlineData("train x --optimizer adam --momentum 0.5", "--momentum goes with --optimizer sgd.")]
    [InlineData("train x --class-weight rose", "LABEL=W with a number W above 0; it is rose.")]
    [InlineData("train x --class-weight rose=0", "it is rose=0.")]
    [InlineData("train x --balanced --class-weight rose=2", "exclude each other")]
    [InlineData("train x --warm-start 0", "--warm-start must be live or a version from 1; it is 0.")]
    [InlineData("train x --min-delta 1", "--min-delta goes with --early-stopping.")]
    [InlineData("train x --hidden 1,2,3,4,5,6,7,8,9", "1 to 8 numbers")]
    [InlineData("train x --seed -1", "--seed")]
    [InlineData("train x --promote --no-promote", "exclude each other")]
    [InlineData("train x --metric loss", "'loss'")]
    [InlineData("train x --max-recall-loss 2", "0 to 1")]
    [InlineData("compare x.png", "--head")]
    [InlineData("compare x.png --head a@b", "a@b")]
    [InlineData("heads shadow x", "--off")]
    [InlineData("heads shadow x --version 2 --off", "--off")]
    [InlineData("heads delete x", "--all")]
    [InlineData("heads delete x --all --version 2", "--all")]
    [InlineData("predict a.png --top 2001", "1 to 2,000")]
    [InlineData("predict a.png --version -1", "from 1")]
    [InlineData("train x --unknown-false-reject-rate 1", "at least 0 and below 1")]
    [InlineData("predict a.png --nearest 101", "1 to 100")]
    [InlineData("predict", "image")]
    [InlineData("import folder", "--dataset")]
    [InlineData("import folder --dataset x --validation 1", "at least 0 and below 1")]
    [InlineData("promote head newest", "from 1")]
    [InlineData("export --out x.onnx", "--head or --vectors")]
    [InlineData("export --head a --vectors b --out x", "--head or --vectors")]
    [InlineData("export --vectors a --format csv --out x", "parquet")]
    [InlineData("export --vectors a --fused --out x", "--fused goes with --head")]
    [InlineData("export --head a --backbone b.onnx --out x", "--backbone goes with --fused")]
    [InlineData("heads --gateway localhost", "http://localhost:8080")]
    [InlineData("heads --gateway http://example.org:8080 --api-key tf_secret", "--allow-plaintext")]
    [InlineData("heads --gateway http://example.org:8080 --token secret", "use https://")]
    [InlineData("heads --gateway http://example.org:8080 --ca-file ca.pem", "use https://")]
    [InlineData("heads --api-key a --token b", "wants one of them")]
    [InlineData("heads --api-key \"a\u00e9\"", "copied whole")]
    [InlineData("heads --client-certificate x.pem", "belong together")]
    [InlineData("heads --ca-file nowhere.pem", "nowhere.pem")]
    [InlineData("keys new --name a --roles predict,root", "'root'")]
    [InlineData("keys new --roles predict", "--name")]
    [InlineData("up --port 70000", "0 to 65,000")]
    [InlineData("backbone import --tfjs x", "--out")]
    [InlineData("backbone quantize --backbone x --out y", "--calibrate")]
    [InlineData("backbone quantize --backbone x --calibrate y --out z --images 0", "from 1 to 10,000; it is 0")]
    [InlineData("backbone quantize --backbone x --calibrate y --out ./x", "--out is the file of --backbone")]
    [InlineData("completion tcsh", "tcsh")]
    [InlineData("backbone convert --backbone x --out y --precision int8", "fp16")]
    [InlineData("backbone convert --backbone x --out y --precision fp32", "leaves the backbone as it is")]
    [InlineData("backbone convert --backbone x --out ./x", "--out is the file of --backbone")]
    [InlineData("fly", "fly")]
    [InlineData("", "command")]
    public async Task Wrong_usage_ends_with_2_and_names_the_limit(string line, string named)
    {
        var outcome = await CommandLine.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(named, outcome.Errors);
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public async Task A_gateway_that_is_not_there_is_named_in_one_line_with_what_to_do()
    {
        var outcome = await CommandLine.RunAsync(["heads", "--gateway", "http://127.0.0.1:1"]);

        Assert.Equal(1, outcome.ExitCode);
        var line = Assert.Single(outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("UNAVAILABLE", line);
        Assert.Contains("http://127.0.0.1:1", line);
        Assert.Contains("topfive up", line);
    }

    [Theory]
    [InlineData("import nowhere --dataset x", "nowhere")]
    [InlineData("up --model nowhere.onnx", "nowhere.onnx")]
    [InlineData("backbone import --tfjs nowhere --out x.onnx", "nowhere")]
    public async Task A_file_that_is_not_there_ends_with_1_and_is_named(string line, string named)
    {
        var outcome = await CommandLine.RunAsync(line.Split(' '));

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(named, Assert.Single(outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public async Task Help_names_every_command()
    {
        var outcome = await CommandLine.RunAsync(["--help"]);

        Assert.Equal(0, outcome.ExitCode);
        string[] commands = ["up", "demo", "backbone", "import", "train", "predict", "compare", "heads", "runs", "datasets", "promote", "rollback", "export", "keys", "doctor", "completion"];
        Assert.All(commands, command => Assert.Matches($@"\n  {command}\b", outcome.Output));
    }
}
