using k8s.Models;
using Xunit;

namespace Topfive.Kubernetes.Tests;

/// <summary>FeatureService on a pool of NVIDIA nodes.</summary>
public sealed class GpuTests
{
    [Fact]
    public async Task A_pod_has_one_gpu_of_the_pool_and_says_so_to_its_service()
    {
        var manifests = await Manifests.RenderAsync("overlays/gpu");
        var features = manifests.Workload("features");

        Assert.Equal("1", features.Main.Resources.Limits["nvidia.com/gpu"].ToString());
        Assert.Equal("true", features.Pod.NodeSelector["nvidia.com/gpu.present"]);
        Assert.Contains(features.Pod.Tolerations, it => it is { Key: "nvidia.com/gpu", OperatorProperty: "Exists", Effect: "NoSchedule" });
        Assert.Equal("cuda:0", features.Environment(manifests)["Backbone__Device"]);
        Assert.StartsWith("topfive-features-cuda:", features.Main.Image, StringComparison.Ordinal);
        Assert.Equal(["kubernetes.io/hostname", "topology.kubernetes.io/zone"], features.Pod.TopologySpreadConstraints.Select(it => it.TopologyKey).Order());
        // A pool that is full has no room for one more: the old pod goes first.
        Assert.Equal("0", manifests.All<V1Deployment>().Single(it => it.Name() == "features").Spec.Strategy.RollingUpdate.MaxSurge.Value);
    }

    [Fact]
    public async Task Nothing_else_asks_for_a_gpu()
    {
        var manifests = await Manifests.RenderAsync("overlays/gpu");

        Assert.All(manifests.Workloads.Where(it => it.Name != "features"), it =>
        {
            Assert.DoesNotContain("nvidia.com/gpu", it.Main.Resources.Limits.Keys);
            Assert.Null(it.Pod.NodeSelector);
        });
    }
}
