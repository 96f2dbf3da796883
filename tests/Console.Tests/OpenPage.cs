using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace Topfive.Consoles.Tests;

/// <summary>A page in the browser, which watches what it asks for and complains of.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _requests = [], _complaints = [];

    public OpenPage(IPage page)
    {
        Page = page;
        page.Request += (_, request) => _requests.Enqueue(request.Url);
        page.WebSocket += (_, socket) => _requests.Enqueue(socket.Url);
        page.Console += (_, message) => { if (message.Type == "error") _complaints.Enqueue(message.Text); };
        page.PageError += (_, error) => _complaints.Enqueue(error);
    }

    public IPage Page { get; }

    /// <summary>Everything that it asked for, sockets included.</summary>
    public IEnumerable<Uri> Requests => _requests.Where(url => !url.StartsWith("data:", StringComparison.Ordinal) && !url.StartsWith("blob:", StringComparison.Ordinal)).Select(url => new Uri(url));

    /// <summary>Errors of scripts, and what the content security policy stopped.</summary>
    public IEnumerable<string> Complaints => _complaints;

    public ILocator this[string selector] => Page.Locator(selector);

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    /// <summary>As a hand drops files: the browser itself takes them, no script does.</summary>
    public async Task DropAsync(ILocator target, params string[] files)
    {
        await target.ScrollIntoViewIfNeededAsync();
        var box = await target.BoundingBoxAsync();
        Assert.NotNull(box);
        var session = await Page.Context.NewCDPSessionAsync(Page);
        foreach (var type in new[] { "dragEnter", "dragOver", "drop" })
        {
            await session.SendAsync("Input.dispatchDragEvent", new Dictionary<string, object>
            {
                ["type"] = type,
                ["x"] = box.X + (box.Width / 2),
                ["y"] = box.Y + (box.Height / 2),
                ["data"] = new Dictionary<string, object> { ["items"] = Array.Empty<object>(), ["files"] = files, ["dragOperationsMask"] = 1 },
            });
        }
    }

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
