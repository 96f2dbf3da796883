using Google.Protobuf;
using Topfive.Features.V1;

namespace Topfive.FeatureStore;

/// <summary>What training needs to know of the backbone whose vectors are stored.</summary>
/// <param name="Fingerprint">Lower-case hex SHA-256.</param>
/// <param name="Name">For a reader, e.g. "inception_v3".</param>
/// <param name="Dimensions">Length of a vector.</param>
public sealed record BackboneRecord(string Fingerprint, string Name, int Dimensions);

/// <summary>Which backbone the FeatureService runs, for services that only see vectors.</summary>
public sealed class BackboneRegistry(StoreConnection connection)
{
    public Task AnnounceAsync(BackboneRecord backbone) => connection.Database.StringSetAsync(
        Keys.Backbone,
        new Backbone { Fingerprint = backbone.Fingerprint, Name = backbone.Name, Dimensions = backbone.Dimensions }.ToByteArray());

    /// <returns>The one announced last; null before the first.</returns>
    public async Task<BackboneRecord?> CurrentAsync()
    {
        var stored = await connection.Database.StringGetAsync(Keys.Backbone);
        if (stored.IsNull)
        {
            return null;
        }

        var backbone = Backbone.Parser.ParseFrom((byte[])stored!);
        return new BackboneRecord(backbone.Fingerprint, backbone.Name, backbone.Dimensions);
    }
}
