using System.IO.Compression;
using System.Xml.Linq;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>The client as others get it: a package, and a program that is built against nothing else.</summary>
[Collection(typeof(SharedTopfive))]
public sealed class PackageTests(RunningTopfive topfive) : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private readonly TempDirectory _folder = new();

    [Fact]
    public async Task The_sample_is_built_against_the_package_and_predicts_and_extracts()
    {
        // Another version each time: what NuGet has unpacked once it does not look at again.
        var version = $"0.0.{DateTime.UtcNow.Ticks / TimeSpan.TicksPerSecond % 1_000_000_000}-test";
        var client = Path.Combine(TestKit.Repository.Root, "src", "Client");
        await TestKit.Repository.RunAsync(client, "dotnet", "pack", "--no-build", "-p:BuildProjectReferences=false", "-c", Configuration, $"-p:PackageVersion={version}", "-o", _folder.Path, "-v", "quiet");
        await CheckAsync(_folder.File($"Topfive.Client.{version}.nupkg"), _folder.File($"Topfive.Client.{version}.snupkg"));

        var sample = WriteSample(version);
        await TestKit.Repository.RunAsync(sample, "dotnet", "build", "-o", _folder.File("out"), "-v", "quiet");
        Directory.CreateDirectory(_folder.File("images"));
        var photo = (await TestPhotos.AllAsync())[0].ReadBytes();
        await File.WriteAllBytesAsync(_folder.File("images/a.jpg"), photo);
        await File.WriteAllTextAsync(_folder.File("images/b.jpg"), "no image");

        var said = await TestKit.Repository.RunAsync(
            sample, "dotnet", _folder.File("out/Sample.dll"), topfive.Process.GatewayAddress.ToString(), "inception_v3", _folder.File("images"));

        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, lines.Length);
        Assert.All(lines[..3], line => Assert.Matches(@"^ *[0-9.]+ %  \S", line));
        Assert.Contains(lines, line => line.StartsWith($"{_folder.File("images/a.jpg")}: 2048 numbers, ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith($"{_folder.File("images/b.jpg")}: ", StringComparison.Ordinal) && !line.Contains("numbers"));
    }

    [Fact]
    public void The_readmes_hold_the_sample_as_it_is()
    {
        var sample = File.ReadAllText(Path.Combine(TestKit.Repository.Root, "samples", "ClientSample", "Program.cs")).Trim();

        Assert.Contains(sample, File.ReadAllText(Path.Combine(TestKit.Repository.Root, "src", "Client", "README.md")));
        Assert.Contains(sample, File.ReadAllText(Path.Combine(TestKit.Repository.Root, "README.md")));
        Assert.InRange(sample.Split('\n').Length, 1, 35);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task CheckAsync(string package, string symbols)
    {
        using var zip = await ZipFile.OpenReadAsync(package);
        string[] files = [.. zip.Entries.Select(entry => entry.FullName)];
        Assert.Superset(
            new HashSet<string>
            {
                "README.md", "lib/net10.0/Topfive.Client.dll", "lib/net10.0/Topfive.Client.xml", "lib/net10.0/Topfive.Contracts.dll", "lib/net10.0/Topfive.Contracts.xml",
            }, files.ToHashSet());
        await using var text = await zip.GetEntry("Topfive.Client.nuspec")!.OpenAsync();
        var metadata = (await XDocument.LoadAsync(text, LoadOptions.None, default)).Root!.Elements().Single();
        string Of(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal(("README.md", "Apache-2.0"), (Of("readme"), Of("license")));
        Assert.NotEmpty(Of("description"));
        Assert.Equal(
            [
                "Google.Api.CommonProtos", "Google.Protobuf", "Grpc.Core.Api", "Grpc.Net.Client", "Grpc.StatusProto",
                "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options",
            ],
            metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value).Order(StringComparer.Ordinal));

        using var debug = await ZipFile.OpenReadAsync(symbols);
        Assert.Superset(new HashSet<string> { "lib/net10.0/Topfive.Client.pdb", "lib/net10.0/Topfive.Contracts.pdb" }, debug.Entries.Select(entry => entry.FullName).ToHashSet());
    }

    /// <summary>A project of its own, which knows nothing of this repository.</summary>
    private string WriteSample(string version)
    {
        var folder = _folder.File("sample");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(TestKit.Repository.Root, "samples", "ClientSample", "Program.cs"), Path.Combine(folder, "Program.cs"));
        // What the machine has unpacked already is taken from there, and the package itself stays in here.
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(Path.Combine(folder, "Sample.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <WarningsNotAsErrors>NU1900;NU1901;NU1902;NU1903;NU1904</WarningsNotAsErrors>
                <InvariantGlobalization>true</InvariantGlobalization>
                <RestoreAdditionalProjectSources>{_folder.Path}</RestoreAdditionalProjectSources>
                <RestorePackagesPath>{_folder.File("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{packages}</RestoreFallbackFolders>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Topfive.Client" Version="{version}" />
              </ItemGroup>
            </Project>
            """);
        return folder;
    }
}
