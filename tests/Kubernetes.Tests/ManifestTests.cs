using k8s.Models;
using Xunit;

namespace Topfive.Kubernetes.Tests;

/// <summary>Everything that can be deployed, rendered: what a reviewer would look for in each object.</summary>
public sealed class ManifestTests
{
    public static readonly TheoryData<string> Deployments = [.. Manifests.Deployments];

    public static readonly TheoryData<string> Everything = [.. Manifests.Deployments, .. Manifests.Jobs];

    [Theory, MemberData(nameof(Everything))]
    public async Task No_container_is_root_or_may_become_it_or_writes_to_its_image(string name)
    {
        foreach (var workload in (await Manifests.RenderAsync(name)).Workloads)
        {
            Assert.True(workload.Pod.SecurityContext.RunAsNonRoot, workload.Name);
            Assert.True(workload.Pod.SecurityContext.RunAsUser > 0, workload.Name);
            Assert.Equal("RuntimeDefault", workload.Pod.SecurityContext.SeccompProfile.Type);
            Assert.False(workload.Pod.AutomountServiceAccountToken, workload.Name);
            foreach (var container in workload.AllContainers)
            {
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem, container.Name);
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation, container.Name);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Null(container.SecurityContext.Capabilities.Add);
                Assert.Null(container.SecurityContext.RunAsUser);
            }
        }
    }

    [Theory, MemberData(nameof(Everything))]
    public async Task Every_container_says_what_it_needs_and_may_take(string name)
    {
        foreach (var container in (await Manifests.RenderAsync(name)).Workloads.SelectMany(workload => workload.AllContainers))
        {
            foreach (var resource in new[] { "cpu", "memory" })
            {
                Assert.True(container.Resources.Requests[resource].ToDecimal() > 0, container.Name);
                Assert.True(container.Resources.Limits[resource].ToDecimal() >= container.Resources.Requests[resource].ToDecimal(), container.Name);
            }
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task Every_container_that_serves_has_three_probes_at_ports_that_it_has(string name)
    {
        foreach (var workload in (await Manifests.RenderAsync(name)).Workloads)
        {
            foreach (var probe in new[] { workload.Main.StartupProbe, workload.Main.ReadinessProbe, workload.Main.LivenessProbe })
            {
                Assert.NotNull(probe);
                var port = probe.Grpc is { } grpc ? $"{grpc.Port}" : probe.HttpGet?.Port.Value ?? probe.TcpSocket?.Port.Value;
                if (port is null) Assert.NotEmpty(probe.Exec.Command);
                else Assert.NotNull(workload.PortOf(port));
            }
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task Liveness_asks_whether_the_process_answers_and_readiness_for_everything(string name)
    {
        foreach (var service in (await Manifests.RenderAsync(name)).Services)
        {
            foreach (var probe in new[] { service.Main.StartupProbe, service.Main.LivenessProbe })
            {
                Assert.Equal("live", probe.Grpc?.Service ?? probe.HttpGet.Path.Split('/')[^1]);
            }

            var ready = service.Main.ReadinessProbe;
            Assert.Equal("", ready.Grpc is { } grpc ? grpc.Service ?? "" : ready.HttpGet.Path.Replace("/healthz/ready", "", StringComparison.Ordinal));
            // The store's part of health takes half a second when the store hangs.
            Assert.True(ready.TimeoutSeconds > 1);
        }
    }

    [Theory, MemberData(nameof(Everything))]
    public async Task Everything_is_in_one_namespace(string name) =>
        Assert.Equal(["topfive"], (await Manifests.RenderAsync(name)).Namespaces);

    [Fact]
    public async Task A_run_has_room_for_vectors_that_do_not_fit_into_memory()
    {
        var manifests = await Manifests.RenderAsync("overlays/cpu");
        var classifier = manifests.Workload("classifier");

        var mounted = classifier.Main.VolumeMounts.Single(mount => mount.MountPath == classifier.Environment(manifests)["Training__SnapshotDirectory"]);
        Assert.True(classifier.Pod.Volumes.Single(volume => volume.Name == mounted.Name).EmptyDir.SizeLimit.ToDecimal() >= 10L << 30);
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task Selectors_find_the_pods_that_they_are_for(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        foreach (var workload in manifests.Workloads)
        {
            Assert.True(workload.Selector!.Matches(workload.Labels), workload.Name);
            Assert.Single(manifests.Workloads, other => workload.Selector!.Matches(other.Labels));
            Assert.All(workload.Pod.TopologySpreadConstraints ?? [], spread => Assert.True(spread.LabelSelector.Matches(workload.Labels), workload.Name));
        }

        foreach (var service in manifests.All<V1Service>())
        {
            var selector = new V1LabelSelector { MatchLabels = service.Spec.Selector };
            var behind = Assert.Single(manifests.Workloads, workload => selector.Matches(workload.Labels));
            Assert.All(service.Spec.Ports, port => Assert.NotNull(behind.PortOf(port.TargetPort.Value)));
            Assert.All(service.Spec.Ports, port => Assert.False(string.IsNullOrEmpty(port.Name)));
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task A_disruption_or_an_update_takes_one_replica_at_a_time_and_leaves_others(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        var scalers = manifests.All<V2HorizontalPodAutoscaler>().ToDictionary(it => it.Spec.ScaleTargetRef.Name);
        Assert.All(scalers.Keys, target => Assert.Contains(manifests.Services, service => service.Name == target));
        foreach (var service in manifests.Services)
        {
            var budget = Assert.Single(manifests.All<V1PodDisruptionBudget>(), it => it.Spec.Selector.Matches(service.Labels));
            Assert.Equal("1", budget.Spec.MaxUnavailable.Value);
            var deployment = manifests.All<V1Deployment>().Single(it => it.Name() == service.Name);
            // Said by the one or by the other: a number in the Deployment would undo the autoscaler's with every apply.
            Assert.NotEqual(scalers.ContainsKey(service.Name), deployment.Spec.Replicas is not null);
            Assert.True((deployment.Spec.Replicas ?? scalers[service.Name].Spec.MinReplicas) >= 2, service.Name);
            var update = deployment.Spec.Strategy.RollingUpdate;
            Assert.Equal(1, int.Parse(update.MaxSurge.Value) + int.Parse(update.MaxUnavailable.Value));
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task FeatureService_scales_by_the_time_in_its_queue_that_the_adapter_serves(string name)
    {
        var metrics = (await Manifests.RenderAsync(name)).All<V2HorizontalPodAutoscaler>().Single(it => it.Name() == "features").Spec.Metrics;

        var queue = metrics[0].Pods.Metric.Name;
        var rules = await File.ReadAllTextAsync(Path.Combine(Topfive.TestKit.Repository.Root, "k8s", "monitoring", "prometheus-adapter.yaml"));
        Assert.Contains($"as: {queue}\n", rules, StringComparison.Ordinal);
        Assert.Equal("cpu", metrics[1].Resource.Name);
    }

    [Theory, MemberData(nameof(Everything))]
    public async Task Images_of_the_product_have_one_tag_and_the_others_a_version(string name)
    {
        var images = (await Manifests.RenderAsync(name)).Workloads.SelectMany(it => it.AllContainers).Select(it => it.Image.Split(':')).ToList();

        Assert.All(images, image => Assert.Equal(2, image.Length));
        Assert.All(images, image => Assert.Matches("^[0-9]+\\.", image[1]));
        Assert.True(images.Where(image => image[0].StartsWith("topfive", StringComparison.Ordinal)).Select(image => image[1]).Distinct().Count() <= 1);
    }

    [Theory, MemberData(nameof(Everything))]
    public async Task No_secret_stands_in_the_files(string name)
    {
        var manifests = await Manifests.RenderAsync(name);

        Assert.Empty(manifests.All<V1Secret>());
        var written = manifests.All<V1ConfigMap>().SelectMany(map => map.Data).Select(it => (it.Key, it.Value))
            .Concat(manifests.Workloads.SelectMany(it => it.AllContainers).SelectMany(it => it.Env ?? []).Select(it => (it.Name, it.Value)));
        Assert.DoesNotContain(written, it => System.Text.RegularExpressions.Regex.IsMatch($"{it.Item1}={it.Item2}", @"(?i)(password|token|secret|api_?key)\s*=\s*[^$\s]"));
    }

    [Theory, MemberData(nameof(Everything))]
    public async Task What_is_mounted_is_there_and_what_is_there_is_mounted(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        foreach (var workload in manifests.Workloads)
        {
            var claims = manifests.All<V1StatefulSet>().Where(it => it.Name() == workload.Name).SelectMany(it => it.Spec.VolumeClaimTemplates ?? []).Select(it => it.Name());
            var volumes = (workload.Pod.Volumes ?? []).Select(volume => volume.Name).Concat(claims).Order();
            Assert.Equal(volumes, workload.AllContainers.SelectMany(it => it.VolumeMounts ?? []).Select(mount => mount.Name).Distinct().Order());
            foreach (var map in (workload.Pod.Volumes ?? []).Where(it => it.ConfigMap is not null)) Assert.Contains(manifests.All<V1ConfigMap>(), it => it.Name() == map.ConfigMap.Name);
            foreach (var claim in (workload.Pod.Volumes ?? []).Where(it => it.PersistentVolumeClaim is not null && workload.Selector is not null)) Assert.Contains(manifests.All<V1PersistentVolumeClaim>(), it => it.Name() == claim.PersistentVolumeClaim.ClaimName);
            foreach (var secret in (workload.Pod.Volumes ?? []).Where(it => it.Secret is not null)) Assert.Contains(manifests.All<CustomResource>(), it => it.Kind == "Certificate" && (string)it.Spec["secretName"] == secret.Secret.SecretName);
            if (workload.Pod.ServiceAccountName is { } account) Assert.Contains(manifests.All<V1ServiceAccount>(), it => it.Name() == account && it.AutomountServiceAccountToken == false);
        }
    }
}
