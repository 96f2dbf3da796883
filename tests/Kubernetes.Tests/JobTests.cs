using System.Formats.Tar;
using k8s.Models;
using Topfive.Cli;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Kubernetes.Tests;

/// <summary>Bulk work as Jobs.</summary>
public sealed class JobTests
{
    [Fact]
    public async Task Every_shard_is_imported_by_a_pod_of_its_own_and_begun_again_where_it_ended()
    {
        var job = (await Manifests.RenderAsync("jobs/import")).All<V1Job>().Single().Spec;
        var main = job.Template.Spec.Containers.Single();

        Assert.Equal("Indexed", job.CompletionMode);
        Assert.True(job.Parallelism < job.Completions);
        Assert.True(job.BackoffLimitPerIndex > 0);
        Assert.Equal("metadata.annotations['batch.kubernetes.io/job-completion-index']", main.Env.Single(it => it.Name == "SHARD").ValueFrom.FieldRef.FieldPath);
        Assert.Single(main.Args, arg => arg.Contains("$(SHARD)", StringComparison.Ordinal));
        // Needed by backoffLimitPerIndex and by podFailurePolicy.
        Assert.Equal("Never", job.Template.Spec.RestartPolicy);
        Assert.Equal(["Ignore", "FailJob"], job.PodFailurePolicy.Rules.Select(rule => rule.Action));
    }

    [Fact]
    public async Task The_command_line_of_the_job_is_one_that_topfive_understands()
    {
        var main = (await Manifests.RenderAsync("jobs/import")).All<V1Job>().Single().Spec.Template.Spec.Containers.Single();

        using var directory = new TempDirectory();
        TarFile.CreateFromDirectory(Directory.CreateDirectory(directory.File("photos/cat")).Parent!.FullName, directory.File("shard-0.tar"), includeBaseDirectory: false);
        using var output = new StringWriter();
        using var errors = new StringWriter();

        var exitCode = await Topfive.Cli.Program.RunAsync(
            [.. main.Args.Select(arg => arg.Replace("/shards/shard-$(SHARD).tar", directory.File("shard-0.tar"), StringComparison.Ordinal)
                .Replace("http://gateway:8080", "http://127.0.0.1:1", StringComparison.Ordinal))],
            Terminal.Plain(output, errors));

        // 2 is wrong usage; there is nothing in the archive, and no Gateway.
        Assert.Equal(1, exitCode);
    }
}
