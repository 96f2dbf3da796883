using System.Text.Json;
using System.Text.RegularExpressions;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>What dashboards/ and docs/observability.md name must be what the services export.</summary>
public sealed partial class DashboardTests(SeenTopfive topfive) : IClassFixture<SeenTopfive>
{
    /// <summary>Prometheus itself puts these on what it scrapes.</summary>
    private static readonly string[] FromPrometheus = ["job", "instance"];

    private static readonly string[] NotOurs = ["dotnet_", "kestrel_", "target_info"];

    [Fact]
    public void Every_query_of_the_dashboard_and_of_the_alerts_asks_for_names_and_labels_that_are_exported()
    {
        var queries = Dashboard().Concat(Alerts()).ToList();
        Assert.True(queries.Count > 40, $"only {queries.Count} queries were found");

        Assert.All(queries, query => Assert.Empty(Unknown(query)));
    }

    [Theory]
    [InlineData("sum(rate(topfive_feature_pictures_total[5m]))", "topfive_feature_pictures_total")]
    [InlineData("sum by (colour) (topfive_health)", "colour")]
    [InlineData("topfive_health{colour=\"red\"} == 0 and topfive_calls_in_flight > 1", "topfive_health{colour}")]
    [InlineData("histogram_quantile(0.5, rate(topfive_feature_queue_duration_bucket[5m]))", "topfive_feature_queue_duration_bucket")]
    public void A_query_for_what_nobody_exports_is_noticed(string query, string unknown) => Assert.Equal([unknown], Unknown(query));

    [Fact]
    public void The_documented_metrics_are_those_that_are_exported_with_their_labels()
    {
        var documented = Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "observability.md"))).ToDictionary(
            row => row.Groups["prometheus"].Value,
            row => string.Join(", ", Code().Matches(row.Groups["labels"].Value).Select(label => label.Groups[1].Value).Order(StringComparer.Ordinal)));
        var exported = topfive.All.SelectMany(scrape => scrape.Families.Select(family => (family, scrape)))
            .Where(family => !NotOurs.Any(prefix => family.family.StartsWith(prefix, StringComparison.Ordinal)))
            .GroupBy(family => family.family, family => family.scrape.LabelsOf(family.family))
            .ToDictionary(family => family.Key, family => string.Join(", ", family.SelectMany(labels => labels).Distinct().Order(StringComparer.Ordinal)));

        Assert.Equal(exported.OrderBy(family => family.Key, StringComparer.Ordinal), documented.OrderBy(family => family.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void In_one_process_each_service_shows_its_own_metrics()
    {
        Assert.Equal(["topfive-gateway", "topfive-feature-service", "topfive-classifier-service"],
            new[] { topfive.Gateway, topfive.Features, topfive.Classifier }.Select(scrape => scrape.Samples.Single(sample => sample.Name == "target_info").Labels["service_name"]));
        Assert.Equal([3], topfive.All.GroupBy(_ => 1).Select(scrapes => scrapes.Count(scrape => scrape.Families.Contains("topfive_calls_in_flight"))));
        Assert.Single(topfive.All, scrape => scrape.Families.Contains("topfive_predictions_total"));
        Assert.Single(topfive.All, scrape => scrape.Families.Contains("topfive_feature_images_total"));
        Assert.Single(topfive.All, scrape => scrape.Families.Contains("topfive_head_live_version"));
        Assert.DoesNotContain(topfive.Gateway.Families, family => family.StartsWith("db_", StringComparison.Ordinal));
    }

    [Fact]
    public void The_numbers_are_those_of_what_happened()
    {
        Assert.Equal((1, 1), (topfive.Gateway.Sum("topfive_predictions_total", ("topfive_source", "store")), topfive.Gateway.Sum("topfive_predictions_total", ("topfive_source", "computed"))));
        Assert.Equal(24, topfive.Gateway.Sum("topfive_stream_items_total", ("rpc_method", "topfive.gateway.v1.Ingestion/Ingest"), ("rpc_response_status_code", "OK")));
        // Ingested, predicted, and the one whose stored value was no vector.
        Assert.Equal(26, topfive.Features.Sum("topfive_feature_images_total", ("topfive_source", "computed")));
        Assert.Equal(26, topfive.Features.Sum("topfive_feature_batch_size_sum"));
        Assert.Equal(26, topfive.Features.Sum("topfive_feature_decode_duration_seconds_count"));
        Assert.NotEqual(0, topfive.Features.Sum("db_client_operation_duration_seconds_count", ("db_operation_name", "GET"), ("error_type", "server")));
        Assert.Equal((0, 256), (topfive.Features.Sum("topfive_feature_in_flight"), topfive.Features.Sum("topfive_feature_capacity", ("topfive_urgency", "interactive"))));
        Assert.Equal(2, topfive.Classifier.Sum("topfive_training_epoch_duration_seconds_count"));
        Assert.Equal(1, topfive.Classifier.Sum("topfive_training_runs_total", ("topfive_state", "succeeded")));
        Assert.Equal(1, topfive.Classifier.Sum("topfive_head_live_version", ("topfive_head", "pets")));
        Assert.All(topfive.All, scrape => Assert.All(scrape.Samples.Where(sample => sample.Name == "topfive_health"), health => Assert.Equal(2, health.Value)));
    }

    private List<string> Unknown(string expression)
    {
        var query = new Query(expression);
        Assert.NotEmpty(query.Selectors);
        var unknown = new List<string>();
        var known = new HashSet<string>(FromPrometheus);
        foreach (var (metric, labels) in query.Selectors)
        {
            var exported = topfive.All.SelectMany(scrape => scrape.Samples).Where(sample => sample.Name == metric).SelectMany(sample => sample.Labels.Keys.Append("")).ToHashSet();
            if (exported.Count == 0) unknown.Add(metric);
            else unknown.AddRange(labels.Where(label => !exported.Contains(label) && !FromPrometheus.Contains(label)).Select(label => $"{metric}{{{label}}}"));
            known.UnionWith(exported);
        }

        if (unknown.Count == 0) unknown.AddRange(query.Groupings.Where(label => !known.Contains(label)));
        return unknown;
    }

    private static IEnumerable<string> Dashboard()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "dashboards", "topfive.json")));
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .Where(panel => panel.GetProperty("type").GetString() != "row")
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!)];
    }

    private static IEnumerable<string> Alerts() =>
        Expression().Matches(File.ReadAllText(Path.Combine(Repository.Root, "dashboards", "alerts.yaml"))).Select(expression => expression.Groups[1].Value);

    [GeneratedRegex("^ *expr: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Expression();

    /// <summary>| name | name in Prometheus | labels | meaning |</summary>
    [GeneratedRegex(@"^\| `[a-z_.]+` \| `(?<prometheus>\w+)` \| (?<labels>[^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
