using System.CommandLine;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>How an evaluation is shown: by <c>runs show</c> and <c>heads show</c> alike.</summary>
internal sealed class EvaluationOptions
{
    private const int DefaultRows = 10;

    private readonly Option<int?> _rows = Numbers.Option<int>(
        "--rows", $"Rows of each table [default: {DefaultRows}]", "0 to 10,000", value => value is >= 0 and <= 10_000);

    private readonly Option<string?> _figure = new("--figure")
    {
        Description = "Write the curves, the reliability diagram and the confusion matrix as a PNG",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _rows, _figure })
        {
            command.Options.Add(option);
        }
    }

    public int Rows(ParseResult parsed) => parsed.GetValue(_rows) ?? DefaultRows;

    public bool WantsFigure(ParseResult parsed) => parsed.GetValue(_figure) is not null;

    public void SaveFigure(Terminal terminal, ParseResult parsed, string title, IReadOnlyList<Epoch> epochs, Evaluation? evaluation)
    {
        if (parsed.GetValue(_figure) is not { } figure)
        {
            return;
        }

        if (evaluation?.Confusion is null)
        {
            throw new CommandFailure($"{title} has no evaluation to draw: its dataset had no validation images, or it was trained by an older release.");
        }

        EvaluationFigure.Save(figure, title, epochs, evaluation);
        terminal.Say($"Wrote {figure}");
    }
}
