using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Topfive.Cli;

/// <summary><c>topfive doctor</c>: what is missing on this machine, and how to get it.</summary>
internal sealed class DoctorCommand : Command
{
    private readonly Terminal _terminal;
    private readonly ConnectionOptions _connection = new();
    private readonly HostingOptions _hosting = new();
    private readonly Option<bool> _json = new("--json") { Description = "Write a line of JSON a check: check, condition (ok, warn, missing), found, mend" };

    public DoctorCommand(Terminal terminal)
        : base("doctor", "Looks for what Topfive needs on this machine, and says how to get what is missing; ends with 1 when it does not run without.")
    {
        _terminal = terminal;
        _connection.AddTo(this);
        _hosting.AddTo(this);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var findings = await LookAsync(parsed, cancellation);
        if (parsed.GetValue(_json))
        {
            foreach (var finding in findings) _terminal.Out.Profile.Out.Writer.WriteLine(Line(finding));
        }
        else
        {
            Show(findings);
        }

        return findings.Any(finding => finding.Condition == Condition.Missing) ? 1 : 0;
    }

    private async Task<IReadOnlyList<Finding>> LookAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (port, modelPath, data) = _hosting.Asked(parsed);
        var gateway = await GatewayChecks.RunAsync(_connection.Read(parsed), cancellation);
        var model = ServiceChecks.Model(modelPath);
        return
        [
            MachineChecks.Runtime(), MachineChecks.Processor(), MachineChecks.Gpu(), MachineChecks.Fonts(),
            MachineChecks.Npm(isNeeded: modelPath is null && model.Condition == Condition.Missing), model,
            await ServiceChecks.StoreAsync(Environment.GetEnvironmentVariable("Store__ConnectionString") ?? "", data), ServiceChecks.Disk(data),
            ServiceChecks.Ports(port, isOurs: gateway.Count > 1), .. gateway,
        ];
    }

    private void Show(IReadOnlyList<Finding> findings)
    {
        var width = findings.Max(finding => finding.Check.Length);
        foreach (var finding in findings)
        {
            var (colour, word) = finding.Condition switch { Condition.Ok => ("green", "ok     "), Condition.Warn => ("yellow", "warn   "), _ => ("red", "missing") };
            _terminal.Out.MarkupLine($"[{colour}]{word}[/]  {Markup.Escape($"{finding.Check.PadRight(width)}  {finding.Found}")}");
            if (finding.Mend is { } mend) _terminal.Say($"         {"".PadRight(width)}  → {mend}");
        }
    }

    private static string Line(Finding finding) => ProtoJson.Line(new JsonObject
    {
        ["check"] = finding.Check,
        ["condition"] = finding.Condition.ToString().ToLowerInvariant(),
        ["found"] = finding.Found,
        ["mend"] = finding.Mend,
    });
}
