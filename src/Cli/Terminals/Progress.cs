using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Topfive.Cli;

/// <summary>How far a long piece of work is.</summary>
internal interface IProgressDisplay
{
    /// <param name="done">Of the total, so far.</param>
    /// <param name="note">What else is to be known, e.g. "3 errors".</param>
    void Show(long done, string note = "");
}

internal static class Progress
{
    /// <summary>
    /// Runs work that reports how far it is: a bar on a terminal, a plain line every few seconds elsewhere; both say how
    /// fast it goes and how long it will take.
    /// </summary>
    /// <param name="terminal">Where to show it.</param>
    /// <param name="what">E.g. "Importing".</param>
    /// <param name="unit">What is counted, e.g. "images".</param>
    /// <param name="total">Above 0.</param>
    /// <param name="work">Calls the display whenever something is done, from any thread.</param>
    public static async Task<T> RunAsync<T>(
        Terminal terminal, string what, string unit, long total, Func<IProgressDisplay, Task<T>> work)
    {
        if (!terminal.IsInteractive)
        {
            return await work(new PlainLines(terminal, what, unit, total));
        }

        // On a line of its own, what is told leaves the bar its place on a narrow terminal too.
        Bar? display = null;
        return await terminal.Out.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .UseRenderHook((bar, _) => display is null ? bar : new Rows(bar, new Text(display.Told)))
            .StartAsync(context => work(display = new Bar(context.AddTask(Markup.Escape(what), maxValue: total), unit)));
    }

    /// <returns>Hours, minutes and seconds, after days where there are any.</returns>
    internal static string TimeLeft(double seconds)
    {
        var left = TimeSpan.FromSeconds(Math.Min(seconds, 1e7));
        return left.ToString(left.Days > 0 ? @"d\.hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture);
    }

    private static string Append(string note) => note.Length == 0 ? "" : $", {note}";

    private sealed class Bar(ProgressTask task, string unit) : IProgressDisplay
    {
        private readonly Lock _lock = new();
        private string _note = "";

        public string Told => $"{task.Value:N0} of {task.MaxValue:N0} {unit}, {task.Speed ?? 0:N0}/s{Append(_note)}";

        public void Show(long done, string note)
        {
            lock (_lock)
            {
                // Work on several threads may report out of turn.
                if (done >= task.Value)
                {
                    (task.Value, _note) = (done, note);
                }
            }
        }
    }

    private sealed class PlainLines(Terminal terminal, string what, string unit, long total) : IProgressDisplay
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private readonly Lock _lock = new();
        private TimeSpan _shown;
        private long _doneThen;

        public void Show(long done, string note)
        {
            lock (_lock)
            {
                // Work on several threads may report out of turn.
                if (done <= _doneThen || (done < total && _clock.Elapsed - _shown < Interval))
                {
                    return;
                }

                // The speed since the last line: what is known already passes much faster than what must be computed.
                var speed = (done - _doneThen) / (_clock.Elapsed - _shown).TotalSeconds;
                (_shown, _doneThen) = (_clock.Elapsed, done);
                var left = done == total ? $"{_clock.Elapsed.TotalSeconds:N1} s" : $"{TimeLeft((total - done) / speed)} left";
                terminal.Say($"{what}: {done:N0} of {total:N0} {unit} ({(double)done / total:P0}), {speed:N1} a second{Append(note)}, {left}");
            }
        }
    }
}
