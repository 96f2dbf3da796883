namespace Topfive.Gateway;

/// <summary>What a caller may do; which method needs which is said by <see cref="MethodRoles"/>.</summary>
[Flags]
internal enum Roles
{
    None = 0,

    /// <summary>Ask for labels and vectors.</summary>
    Predict = 1,

    /// <summary>Put images, vectors and examples in.</summary>
    Ingest = 2,

    /// <summary>Train heads, and say which version is live.</summary>
    Train = 4,

    /// <summary>All of it, and what cannot be undone: deleting, and heads from elsewhere.</summary>
    Admin = 8,

    /// <summary>Any of them will do.</summary>
    Any = Predict | Ingest | Train | Admin,
}
