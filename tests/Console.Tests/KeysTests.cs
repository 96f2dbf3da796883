using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Topfive.Consoles.Tests;

/// <summary>A Gateway that asks who calls asks it here too, and lets a key do here what it may elsewhere.</summary>
public sealed class KeysTests(Chromium chromium) : IAsyncLifetime
{
    private static readonly string[] Roles = ["predict", "train", "admin"];

    private readonly RunningTopfive _topfive = new();

    public ValueTask InitializeAsync() => _topfive.StartAsync(Roles.Index().SelectMany(role => new[]
    {
        KeyValuePair.Create($"Security:ApiKeys:{role.Index}:Name", (string?)role.Item),
        KeyValuePair.Create($"Security:ApiKeys:{role.Index}:Sha256", (string?)Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(KeyOf(role.Item))))),
        KeyValuePair.Create($"Security:ApiKeys:{role.Index}:Roles", (string?)role.Item),
    }).ToDictionary());

    public ValueTask DisposeAsync() => _topfive.DisposeAsync();

    [Fact]
    public async Task Without_a_key_there_is_nothing_and_with_one_what_its_role_may()
    {
        var admin = new Metadata { { "x-api-key", KeyOf("admin") } };
        await _topfive.IngestAsync(admin);
        await _topfive.TrainAsync("pets", versions: 2, admin);
        await using var page = await chromium.OpenAsync(_topfive.Console, "/console/heads?head=pets");
        await Expect(page["h1"]).ToHaveTextAsync("Who are you?");
        await Expect(page["table"]).ToHaveCountAsync(0);

        await EnterAsync(page, "tf_nobodys");
        await Expect(page[".problem"]).ToContainTextAsync("nobody's");

        await EnterAsync(page, KeyOf("predict"));
        await Expect(page["[data-live]"]).ToHaveAttributeAsync("data-live", "1");
        await page.Button("Promote version 2").ClickAsync();
        await page["dialog"].GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Promote" }).ClickAsync();
        await Expect(page["dialog .problem"]).ToContainTextAsync("needs the role train; 'predict' has predict");
        await page["dialog"].GetByText("Leave it as it is").ClickAsync();

        // The tab keeps the key, sealed; a reload does not ask again.
        await page.Page.ReloadAsync();
        await Expect(page["[data-live]"]).ToHaveAttributeAsync("data-live", "1");
        Assert.DoesNotContain(KeyOf("predict"), await page.Page.EvaluateAsync<string>("JSON.stringify(sessionStorage) + JSON.stringify(localStorage) + document.cookie"), StringComparison.Ordinal);

        await page.Button("Forget key").ClickAsync();
        await Expect(page["h1"]).ToHaveTextAsync("Who are you?");
        await EnterAsync(page, KeyOf("train"));
        await page.Button("Promote version 2").ClickAsync();
        await page["dialog"].GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Promote" }).ClickAsync();
        await Expect(page["[data-live]"]).ToHaveAttributeAsync("data-live", "2");

        foreach (var role in Roles) Assert.DoesNotContain(KeyOf(role), await LogAsync(), StringComparison.Ordinal);
    }

    private static string KeyOf(string role) => $"tf_secret-of-{role}";

    private async Task<string> LogAsync()
    {
        await using var file = new FileStream(_topfive.Files.File("data/topfive.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static async Task EnterAsync(OpenPage page, string key)
    {
        await page.Page.GetByLabel("API key or token").FillAsync(key);
        await page.Button("Continue").ClickAsync();
    }
}
