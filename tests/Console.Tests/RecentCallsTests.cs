using Xunit;

namespace Topfive.Consoles.Tests;

public sealed class RecentCallsTests
{
    [Theory]
    [InlineData(0.5, 0.010)]
    [InlineData(0.95, 0.010)]
    [InlineData(1, 1.0)]
    public void A_quantile_is_right_to_a_fifth_whatever_the_durations(double share, double expected)
    {
        var counter = new CallCounter();
        for (var call = 0; call < 99; call++) counter.Count(0.010, failed: false);
        counter.Count(1.0, failed: true);

        var counts = counter.Read();

        Assert.InRange(counts.Quantile(share), expected * 0.7, expected * 1.3);
        Assert.Equal((100, 1), (counts.Calls, counts.Failed));
    }

    [Fact]
    public void Very_short_and_very_long_calls_are_counted_too()
    {
        var counter = new CallCounter();
        foreach (var seconds in new[] { 0, 1e-9, 1e6 }) counter.Count(seconds, failed: false);
        Assert.Equal(3, counter.Read().Calls);
    }
}
