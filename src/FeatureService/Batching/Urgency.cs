namespace Topfive.FeatureService;

/// <summary>Whether somebody waits for this one image, or a long job for all of its images.</summary>
internal enum Urgency
{
    /// <summary>Goes ahead of all bulk work; refused at once when there is no place.</summary>
    Interactive,

    /// <summary>Takes what the interactive images leave; waits for a place.</summary>
    Bulk,
}
