using System.Text.RegularExpressions;

namespace Topfive.Cli;

/// <summary>What failed, reason by reason, with every name: who has to repair ten thousand images needs the list.</summary>
internal static partial class FailureSummary
{
    public static void Show(Terminal terminal, IReadOnlyList<Problem> failed)
    {
        // The same reason with other numbers in it ("cut short after 512 bytes") is one reason.
        foreach (var reason in failed.GroupBy(problem => Numbers().Replace(problem.Reason, "…")).OrderByDescending(reason => reason.Count()))
        {
            if (reason.Count() == 1)
            {
                terminal.Complain($"  {reason.First().Id}: {reason.First().Reason}");
                continue;
            }

            var isOne = reason.DistinctBy(problem => problem.Reason).Count() == 1;
            terminal.Complain($"{reason.Count():N0} failed: {(isOne ? reason.First().Reason : reason.Key)}");
            foreach (var problem in reason.OrderBy(problem => problem.Id, CodePointOrder.Instance))
            {
                terminal.Complain(isOne ? $"  {problem.Id}" : $"  {problem.Id}: {problem.Reason}");
            }
        }
    }

    [GeneratedRegex(@"\d[\d,.]*")]
    private static partial Regex Numbers();
}
