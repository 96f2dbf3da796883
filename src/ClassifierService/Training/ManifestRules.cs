using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What decides a version's bits: written down with the version, and held against the present when it is trained again.</summary>
internal static class ManifestRules
{
    /// <summary>The request with what its manifest says filled in.</summary>
    /// <exception cref="Failure">INVALID_ARGUMENT: the request says both.</exception>
    public static StartRunRequest Complete(StartRunRequest request)
    {
        if (request.Manifest is not { } manifest) return request;
        if (request.Recipe is not null) throw Failure.InvalidInput("recipe and manifest are both set: a manifest brings its own recipe");
        if (manifest.Recipe is null) throw Failure.InvalidInput("manifest.recipe is not set: this is no manifest of a trained version");
        var completed = request.Clone();
        completed.Recipe = manifest.Recipe.Clone();
        if (completed.Dataset.Length == 0) completed.Dataset = manifest.Dataset;
        return completed;
    }

    /// <summary>What can be said of a run before its vectors are read.</summary>
    public static Manifest Of(DatasetSnapshot dataset, Recipe recipe, string backboneFingerprint) => new()
    {
        Dataset = dataset.Dataset,
        DatasetDigest = dataset.Digest,
        SplitDigest = dataset.SplitDigest,
        Recipe = recipe,
        BackboneFingerprint = backboneFingerprint,
        TrainerVersion = Trainer.Version,
        Runtime = $"{RuntimeInformation.FrameworkDescription} {RuntimeInformation.ProcessArchitecture}",
        VectorBits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64,
    };

    /// <summary>Lower-case hex SHA-256 of the model file of the version that a run begins from; empty for none.</summary>
    public static string DigestOf(DenseHead? previous) =>
        previous is null ? "" : Convert.ToHexStringLower(SHA256.HashData(HeadModel.Write(previous)));

    /// <param name="asked">What is to be trained again; null: nothing.</param>
    /// <param name="now">How things are.</param>
    /// <exception cref="Failure">FAILED_PRECONDITION, naming both values: something differs, and other bits would come out.</exception>
    public static void RequireSame(Manifest? asked, Manifest now)
    {
        if (asked is null) return;
        Require("backbone_fingerprint", asked.BackboneFingerprint, now.BackboneFingerprint, "serve the backbone that it names");
        Require("trainer_version", asked.TrainerVersion, now.TrainerVersion, "run the release that made it");
        Require("dataset_digest", asked.DatasetDigest, now.DatasetDigest, $"dataset '{now.Dataset}' must hold the same images under the same labels, split and groups");
        Require("split_digest", asked.SplitDigest, now.SplitDigest, $"every image of dataset '{now.Dataset}' must be on the same side of the split");
        Require("warm_start_digest", asked.WarmStartDigest, now.WarmStartDigest, "recipe.warm_start must mean the same version: train under the head that has it");
        if (now.VectorsDigest.Length > 0) Require("vectors_digest", asked.VectorsDigest, now.VectorsDigest, "the stored vectors must be the same bits");
    }

    /// <summary>What came out.</summary>
    public static ManifestMetrics? MetricsOf(Evaluation? evaluation) => evaluation is null ? null : new ManifestMetrics
    {
        ValidationExamples = evaluation.ValidationExamples,
        Accuracy = evaluation.Accuracy,
        Top5Accuracy = evaluation.Top5Accuracy,
        LogLoss = evaluation.LogLoss,
        Temperature = evaluation.Temperature,
        CalibratedLogLoss = evaluation.CalibratedLogLoss,
        ExpectedCalibrationError = evaluation.Calibration.ExpectedCalibrationError,
        ServedCalibrationError = evaluation.CalibrationServed.ExpectedCalibrationError,
    };

    private static void Require(string field, string asked, string now, string remedy)
    {
        if (asked != now) throw Failure.Precondition($"the manifest's {field} is {asked}, but now it is {now}: {remedy}");
    }
}
