using System.CommandLine;
using System.Text.Json.Nodes;
using Topfive.Backbones;

namespace Topfive.Cli;

/// <summary><c>topfive backbone</c>; its <c>import</c>: published weights become the one .onnx file that the FeatureService runs.</summary>
internal sealed class BackboneCommand : Command
{
    public BackboneCommand(Terminal terminal) : base("backbone", "Makes backbones from published weights, and of those int8 ones for CPUs and fp16 ones for GPUs.")
    {
        Subcommands.Add(new ImportCommand(terminal));
        Subcommands.Add(new QuantizeCommand(terminal));
        Subcommands.Add(new ConvertCommand(terminal));
    }

    private sealed class ImportCommand : Command
    {
        private readonly Terminal _terminal;

        private readonly Option<string> _tfjs = new("--tfjs")
        {
            Description = "Directory of a TF.js layers model of Inception V3: model.json, its shards, and labels.txt with one label a line when it ends in dense layers",
            Required = true,
        };

        private readonly Option<string> _out = new("--out")
        {
            Description = "The .onnx file to write; the model's own head goes beside it as .head.onnx",
            Required = true,
        };

        private readonly Option<PixelRange> _pixels = new("--pixels")
        {
            Description = "What the weights want pixels turned into: ZeroToOne (TF Hub, most TF.js models) or MinusOneToOne (Keras' own)",
            DefaultValueFactory = _ => PixelRange.ZeroToOne,
        };

        private readonly Option<bool> _json = new("--json") { Description = "Write what was made as one line of JSON" };

        public ImportCommand(Terminal terminal) : base("import", "Imports Inception V3 weights.")
        {
            _terminal = terminal;
            Options.Add(_tfjs);
            Options.Add(_out);
            Options.Add(_pixels);
            Options.Add(_json);
            SetAction(RunAsync);
        }

        private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
        {
            var file = parsed.GetRequiredValue(_out);
            var imported = await Task.Run(
                () => BackboneImporter.ImportTfjs(parsed.GetRequiredValue(_tfjs), file, parsed.GetValue(_pixels)), cancellation);
            if (parsed.GetValue(_json))
            {
                _terminal.Out.Profile.Out.Writer.WriteLine(ProtoJson.Line(new JsonObject
                {
                    ["file"] = file,
                    ["fingerprint"] = imported.Backbone.Fingerprint,
                    ["head_file"] = imported.Head is null ? null : BackboneImporter.HeadFile(file),
                }));
                return 0;
            }

            _terminal.Say($"Wrote {file} ({new FileInfo(file).Length:N0} bytes), fingerprint {imported.Backbone.Fingerprint}");
            if (imported.Head is { } head)
            {
                _terminal.Say($"Wrote {BackboneImporter.HeadFile(file)}: {string.Join(", ", head.Labels)}");
            }

            return 0;
        }
    }
}
