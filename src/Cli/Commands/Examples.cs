using System.CommandLine;

namespace Topfive.Cli;

/// <summary>What a command looks like in use: at the end of its help.</summary>
internal static class Examples
{
    /// <summary>By the command's path; none of topfive itself.</summary>
    private static readonly Dictionary<string, string[]> Known = new()
    {
        [""] = ["topfive up", "topfive import photos/ --dataset pets", "topfive train pets", "topfive predict cat.jpg --head pets"],
        ["up"] = ["topfive up", "topfive up --port 0 --data /var/lib/topfive --model models/mine.onnx"],
        ["demo"] = ["topfive demo --images out/emoji --out out"],
        ["demo report"] = ["topfive demo report --out out"],
        ["doctor"] = ["topfive doctor", "topfive doctor --gateway https://topfive.example.org --json"],
        ["completion"] = ["source <(topfive completion bash)", "topfive completion fish > ~/.config/fish/completions/topfive.fish"],
        ["backbone"] = ["topfive backbone import --tfjs models/tfjs/inception_v3 --out models/mine.onnx"],
        ["backbone import"] = ["topfive backbone import --tfjs models/tfjs/inception_v3 --out models/mine.onnx"],
        ["backbone convert"] = ["topfive backbone convert --backbone models/mine.onnx --out models/mine.fp16.onnx"],
        ["backbone quantize"] = ["topfive backbone quantize --backbone models/mine.onnx --calibrate photos/ --out models/mine.int8.onnx"],
        ["import"] =
        [
            "topfive import photos/ --dataset pets", "topfive import photos.tar --labels labels.csv --dataset pets --augment 3",
            "topfive import labels.csv --images photos/ --dataset pets --split given --strict", "topfive import --vectors pets/ --dataset pets",
        ],
        ["train"] = ["topfive train pets --epochs 20 --plot curves.png", "topfive train pets --warm-start live --no-promote", "topfive train --manifest pets-3.json"],
        ["predict"] = ["topfive predict cat.jpg dog.jpg --head pets", "topfive predict cat.jpg --head pets --nearest 5 --unknown", "topfive predict cat.jpg --json"],
        ["compare"] = ["topfive compare cat.jpg --head pets --head pets@2"],
        ["heads"] = ["topfive heads", "topfive heads pets --json"],
        ["heads show"] = ["topfive heads show pets --figure pets.png", "topfive heads show pets --version 2 --manifest pets-2.json"],
        ["heads history"] = ["topfive heads history pets"],
        ["heads delete"] = ["topfive heads delete pets --version 2", "topfive heads delete pets --all"],
        ["heads shadow"] = ["topfive heads shadow pets --version 2", "topfive heads shadow pets --off"],
        ["heads agreement"] = ["topfive heads agreement pets"],
        ["runs"] = ["topfive runs --head pets"],
        ["runs show"] = ["topfive runs show 01a20a15aad97fe48ad512b6f63c4232 --plot curves.png"],
        ["runs cancel"] = ["topfive runs cancel 01a20a15aad97fe48ad512b6f63c4232"],
        ["report"] = ["topfive report pets --out report/ --images photos/"],
        ["datasets"] = ["topfive datasets", "topfive datasets --json"],
        ["promote"] = ["topfive promote pets 2 --reason \"better on dogs\""],
        ["rollback"] = ["topfive rollback pets"],
        ["export"] = ["topfive export --head pets --out pets.onnx", "topfive export --head pets --fused --out pets-from-pixels.onnx", "topfive export --vectors pets --format parquet --out pets.parquet"],
        ["keys"] = ["topfive keys new --name ci --roles predict,ingest"],
        ["keys new"] = ["topfive keys new --name ci --roles predict,ingest --index 1"],
    };

    /// <returns>Whole command lines.</returns>
    public static IReadOnlyList<string> Of(string path) => Known.GetValueOrDefault(path) ?? [];

    /// <returns>The command's names without topfive's own.</returns>
    public static string PathOf(Command command)
    {
        var names = new Stack<string>();
        for (var at = command; at is not RootCommand; at = at.Parents.OfType<Command>().First()) names.Push(at.Name);
        return string.Join(' ', names);
    }

    /// <summary>Writes those of a command, where it has any.</summary>
    public static void Write(Command command, TextWriter output)
    {
        if (Of(PathOf(command)) is not { Count: > 0 } examples) return;
        output.WriteLine("Examples:");
        foreach (var example in examples) output.WriteLine($"  {example}");
        output.WriteLine();
    }
}
