using Grpc.Core;
using Topfive.Features.V1;
using Topfive.Gateway.V1;

namespace Topfive.Cli;

/// <summary>Counts what came back, while the sender adds what it could not read.</summary>
internal sealed class ImportTally(IProgressDisplay progress, ImportWords words)
{
    private readonly Lock _lock = new();
    private readonly List<Problem> _failed = [];
    private int _computed, _cacheHits, _copies, _computedCopies;

    public void Add(IngestResult result)
    {
        if (result.ResultCase == IngestResult.ResultOneofCase.Error)
        {
            Add(new Problem(result.Id, RpcMessage.Of((StatusCode)result.Error.Code, result.Error.Message)));
            return;
        }

        lock (_lock)
        {
            _copies += result.Ingested.AugmentedCopies;
            _computedCopies += result.Ingested.ComputedCopies;
        }

        AddImported(isNew: result.Ingested.Source == Source.Computed);
    }

    public void AddImported(bool isNew)
    {
        lock (_lock)
        {
            _ = isNew ? _computed++ : _cacheHits++;
            Show();
        }
    }

    public void Add(Problem problem)
    {
        lock (_lock)
        {
            _failed.Add(problem);
            Show();
        }
    }

    public ImportResult Sum()
    {
        lock (_lock)
        {
            return new ImportResult(_computed, _cacheHits, [.. _failed]) { Copies = _copies, ComputedCopies = _computedCopies };
        }
    }

    private void Show() => progress.Show(_computed + _cacheHits + _failed.Count, $"{_cacheHits:N0} {words.Known}, {_failed.Count:N0} errors");
}
