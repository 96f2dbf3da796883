using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive datasets</c>: what can be trained on.</summary>
internal sealed class DatasetsCommand(Terminal terminal) : GatewayCommand("datasets", "Lists the datasets.", terminal)
{
    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var response = await gateway.Datasets.ListDatasetsAsync(new ListDatasetsRequest(), cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response.Datasets);
        var table = Terminal.Table("dataset", "labels", "examples", "training", "of them copies", "validation", "digest");
        foreach (var dataset in response.Datasets)
        {
            table.Row(
                dataset.Dataset_, $"{dataset.Labels.Count:N0}", $"{dataset.Examples:N0}", $"{dataset.TrainingExamples:N0}",
                $"{dataset.AugmentedCopies:N0}", $"{dataset.ValidationExamples:N0}", dataset.Digest[..Math.Min(12, dataset.Digest.Length)]);
        }

        table.Show();
        return 0;
    }
}
