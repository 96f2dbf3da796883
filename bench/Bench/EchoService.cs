using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Topfive.Features.V1;
using Topfive.FeatureStore;

namespace Topfive.Bench;

/// <summary>
/// The least that a server can do for the same messages: hash the bytes, answer 2,048 floats. What it reaches is what
/// hashing, gRPC, the wire and this machine's client leave.
/// </summary>
internal sealed class EchoService : FeatureExtraction.FeatureExtractionBase
{
    private static readonly float[] Vector = new float[2048];
    private static readonly byte[] NoImage = new byte[ImageHash.Size];

    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.MapGrpcService<EchoService>();
        await app.RunAsync();
        return 0;
    }

    public override Task<Backbone> GetBackbone(GetBackboneRequest request, ServerCallContext context) => Task.FromResult(new Backbone());

    public override Task<ExtractResponse> Extract(ExtractRequest request, ServerCallContext context) =>
        Task.FromResult(Answer(request.Image));

    public override async Task ExtractStream(
        IAsyncStreamReader<ExtractStreamRequest> requestStream, IServerStreamWriter<ExtractStreamResponse> responseStream, ServerCallContext context)
    {
        await foreach (var item in requestStream.ReadAllAsync())
        {
            await responseStream.WriteAsync(new ExtractStreamResponse { Id = item.Id, Extracted = Answer(item.Image) });
        }
    }

    private static ExtractResponse Answer(ByteString image)
    {
        var hash = image.IsEmpty ? NoImage : ImageHash.Of(image.Span).ToByteArray();
        return new ExtractResponse { ImageHash = UnsafeByteOperations.UnsafeWrap(hash), Vector = { Vector } };
    }
}
