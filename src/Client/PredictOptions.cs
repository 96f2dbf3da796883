namespace Topfive.Client;

/// <summary>How an image is predicted where it is not as usual.</summary>
public sealed record PredictOptions
{
    /// <summary>Version of the head; 0: the live one.</summary>
    public long Version { get; init; }

    /// <summary>How many labels, 1 to 2,000, cut to the head's number of labels; 0: 5.</summary>
    public int TopK { get; init; }

    /// <summary>How many of the training examples nearest to the image, 1 to 100; 0: none.</summary>
    public int NearestExamples { get; init; }

    /// <summary>True: say whether the image is like nothing the head was trained on.</summary>
    public bool AnswerUnknown { get; init; }

    /// <summary>Deadline of this call, retries included; above 0. Null: <see cref="TopfiveClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }
}
