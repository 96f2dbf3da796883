using System.Text.RegularExpressions;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>The command line as a process of its own, on a terminal.</summary>
public sealed partial class TerminalTests : IDisposable
{
    private const string Script = "/usr/bin/script";
    private const string ShowCursor = "\e[?25h";

    private readonly TempDirectory _folder = new();

    [Theory]
    [InlineData(100)]
    [InlineData(60)]
    public async Task On_a_terminal_a_bar_tells_the_speed_the_hits_the_errors_and_the_time_left(int columns)
    {
        Assert.SkipUnless(File.Exists(Script), $"there is no {Script} (Debian: apt-get install util-linux)");
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Pause = TimeSpan.FromMilliseconds(8);
        Write(400);

        var said = await ImportOnTerminalAsync(gateway, columns);

        var lines = Escapes().Replace(said, "").Split((char[])['\r', '\n']).ToList();
        Assert.All(lines, line => Assert.InRange(line.Length, 0, columns));
        var frames = lines.SkipWhile(line => !line.StartsWith("Importing ", StringComparison.Ordinal)).ToList();
        Assert.Contains(frames, line => Shape().IsMatch(line));
        Assert.Contains(frames, line => Told().IsMatch(line));
        // What stands above the last words is wiped; they are the summary and every name.
        var ending = said[(said.LastIndexOf(ShowCursor, StringComparison.Ordinal) + ShowCursor.Length)..].ReplaceLineEndings("\n");
        Assert.Equal(
            $"Imported 360 into \"d\": 280 computed, 80 cache hits; 0 copies of others left out; 40 failed 40 failed: INVALID_ARGUMENT: the JPEG is truncated {string.Join(' ', Enumerable.Range(0, 40).Select(i => $"a/{(10 * i) + 3:D3}.png"))}",
            string.Join(' ', Escapes().Replace(ending, "").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("NO_COLOR=1", false)]
    public async Task Colours_show_on_a_terminal_unless_no_color_is_set(string environment, bool coloured)
    {
        Assert.SkipUnless(File.Exists(Script), $"there is no {Script} (Debian: apt-get install util-linux)");
        var program = Path.Combine(AppContext.BaseDirectory, "topfive.dll");

        var said = await TestKit.Repository.RunAsync(
            _folder.Path, Script, "-qc", $"env -u NO_COLOR {environment} TERM=xterm-256color dotnet '{program}' heads --gateway http://127.0.0.1:1 || true", "/dev/null");

        Assert.Contains("UNAVAILABLE", said);
        Assert.Equal(coloured, Colour().IsMatch(said));
    }

    [Theory]
    [InlineData(29.4, "00:00:29")]
    [InlineData(3_725, "01:02:05")]
    [InlineData(180_000, "2.02:00:00")]
    [InlineData(double.PositiveInfinity, "115.17:46:40")]
    public void The_time_left_is_told_in_hours_and_in_days_only_where_there_are_any(double seconds, string told) =>
        Assert.Equal(told, Progress.TimeLeft(seconds));

    [GeneratedRegex("^Importing ━+ +[0-9]+% [0-9:]{8} *$")]
    private static partial Regex Shape();

    [GeneratedRegex("^[0-9]+ of 400 images, [0-9]+/s, [1-9][0-9]* cache hits, [1-9][0-9]* errors *$")]
    private static partial Regex Told();

    [GeneratedRegex(@"\e\[[0-9;]*[1-9][0-9;]*m")]
    private static partial Regex Colour();

    [GeneratedRegex(@"\e[\[=][?0-9;]*[a-zA-Z]?")]
    private static partial Regex Escapes();

    public void Dispose() => _folder.Dispose();

    /// <summary>Every tenth image is broken, every fifth known.</summary>
    private void Write(int images)
    {
        Directory.CreateDirectory(_folder.File("images/a"));
        for (var i = 0; i < images; i++)
        {
            File.WriteAllText(_folder.File($"images/a/{i:D3}.png"), $"{(i % 10 == 3 ? "bad" : i % 5 == 0 ? "hit" : "new")} {i}");
        }
    }

    /// <returns>All that the terminal was sent.</returns>
    private Task<string> ImportOnTerminalAsync(FakeGateway gateway, int columns)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "topfive.dll");
        return TestKit.Repository.RunAsync(
            _folder.Path, Script, "-qec",
            $"stty cols {columns} rows 30; TERM=xterm-256color dotnet '{program}' import images --dataset d --gateway {gateway.Address}", "/dev/null");
    }
}
