using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Topfive.Client;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary><c>topfive report</c>: all that is known of a version, as a page of Markdown with its figures.</summary>
internal sealed class ReportCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head's name, or NAME@VERSION [default: its live version]" };

    private readonly Option<string> _out = new("--out")
    {
        Description = "The folder that report.md and its figures are written to",
        Required = true,
    };

    private readonly Option<string[]> _images = new("--images")
    {
        Description = "Folders that hold the images: the surest mistakes and what they rest on are then drawn too",
        DefaultValueFactory = _ => [],
        AllowMultipleArgumentsPerToken = true,
    };

    public ReportCommand(Terminal terminal)
        : base("report", "Writes a page about a version: training, run, evaluation, promotion, growing, unknown, evidence.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
        Options.Add(_out);
        Options.Add(_images);
    }

    /// <summary>Writes a report and says so.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(
        Terminal terminal, TopfiveClient gateway, Classifier.V1.HeadVersion version, string folder, IEnumerable<string> images, CancellationToken cancellation)
    {
        var report = await HeadReport.ReadAsync(gateway, version, cancellation);
        var shown = report.Evidence.SelectMany(evidence => evidence.Nearest.Select(neighbor => neighbor.ImageHash).Append(evidence.Mistake.ImageHash)).ToHashSet();
        var files = new ReportWriter(report, folder, FilesOf(shown, images)).Write().ToList();
        foreach (var file in files)
        {
            terminal.Say($"Wrote {file}");
        }

        return files;
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var name = parsed.GetRequiredValue(_head);
        var version = HeadVersions.Parse(name)
            ?? throw CommandFailure.WrongUsage($"{name} must be a head's name or NAME@VERSION with a version from 1.");
        var images = parsed.GetRequiredValue(_images);
        if (images.FirstOrDefault(folder => !Directory.Exists(folder)) is { } missing)
        {
            throw new CommandFailure($"There is no folder {missing}.");
        }

        var files = await RunAsync(Terminal, gateway, version, parsed.GetRequiredValue(_out), images, cancellation);
        if (IsJson(parsed)) WriteJson(ProtoJson.Line(new JsonObject { ["files"] = new JsonArray([.. files.Select(file => JsonValue.Create(file))]) }));
        return 0;
    }

    private static Dictionary<ByteString, string> FilesOf(HashSet<ByteString> hashes, IEnumerable<string> folders)
    {
        var files = new Dictionary<ByteString, string>();
        foreach (var file in folders.SelectMany(folder => ImageFolder.Read(folder).Files))
        {
            if (files.Count == hashes.Count) break;
            var hash = ByteString.CopyFrom(ImageHash.Of(File.ReadAllBytes(file.Path)).ToByteArray());
            if (hashes.Contains(hash)) files[hash] = file.Path;
        }

        return files;
    }
}
