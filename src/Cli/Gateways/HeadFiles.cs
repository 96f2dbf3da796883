using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>Heads as files, there and back.</summary>
internal static class HeadFiles
{
    private const int PartSize = 64 << 10;

    /// <returns>The live version, or null when there is no such head.</returns>
    public static async Task<Head?> FindHeadAsync(this TopfiveClient gateway, string name, CancellationToken cancellation)
    {
        try
        {
            return await gateway.Heads.GetHeadAsync(new GetHeadRequest { Head = name }, cancellationToken: cancellation);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <param name="gateway">Where the head goes.</param>
    /// <param name="name">Of the head; a known one gets a further version.</param>
    /// <param name="model">ONNX, as <c>topfive export</c> writes it.</param>
    /// <param name="promote">True: the version goes live.</param>
    /// <param name="cancellation">Ends the call.</param>
    public static async Task<Head> ImportHeadAsync(this TopfiveClient gateway, string name, Stream model, bool promote, CancellationToken cancellation)
    {
        using var call = gateway.Heads.ImportHead(cancellationToken: cancellation);
        var part = new byte[PartSize];
        var first = true;
        int length;
        while ((length = await model.ReadAsync(part, cancellation)) > 0 || first)
        {
            var request = new ImportHeadRequest { Data = ByteString.CopyFrom(part, 0, length) };
            if (first)
            {
                request.Head = name;
                request.Promote = promote;
                first = false;
            }

            await call.RequestStream.WriteAsync(request, cancellation);
        }

        await call.RequestStream.CompleteAsync();
        return await call;
    }

    /// <summary>Writes a head's model, ONNX, as it comes.</summary>
    public static async Task ExportHeadAsync(this TopfiveClient gateway, ExportHeadRequest request, Stream target, CancellationToken cancellation)
    {
        using var call = gateway.Heads.ExportHead(request, cancellationToken: cancellation);
        await foreach (var part in call.ResponseStream.ReadAllAsync(cancellation))
        {
            await target.WriteAsync(part.Data.Memory, cancellation);
        }
    }
}
