using Xunit;

namespace Topfive.Gateway.Tests;

public sealed class RoutingTests
{
    [Fact]
    public void The_route_key_travels_with_the_request()
    {
        var hash = ImageHash.Of("photo"u8);
        using var request = new HttpRequestMessage();
        foreach (var header in ImageRoute.For(hash))
        {
            request.Headers.Add(header.Key, header.Value);
        }

        Assert.Equal(hash.Prefix, ImageRoute.KeyOf(request));
    }
}
