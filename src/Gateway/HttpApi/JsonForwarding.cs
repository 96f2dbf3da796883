using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;

namespace Topfive.Gateway;

/// <summary>
/// What is transcoded from JSON has to be a method here, where gRPC passes unread. So the services of ClassifierService are here without any
/// method of their own, and this stands before them: each call goes on, typed, to the same method behind.
/// </summary>
internal sealed class JsonForwarding(CallInvoker classifier, IOptions<ServicesOptions> services) : Interceptor
{
    /// <summary>Headers that the service behind reads of a caller (Caller in the protos).</summary>
    private const string UserHeader = "topfive-user";

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var (service, name) = context.Method.TrimStart('/').Split('/') is [var first, var second] ? (first, second) : throw new InvalidOperationException(context.Method);
        var method = new Method<TRequest, TResponse>(MethodType.Unary, service, name, MarshallerOf<TRequest>(), MarshallerOf<TResponse>());
        return await classifier.AsyncUnaryCall(method, null, context.Downstream(services.Value, HeadersOf(context.GetHttpContext())), request);
    }

    private static Metadata HeadersOf(HttpContext http)
    {
        var headers = new Metadata();
        if (http.Connection.RemoteIpAddress is { } address) headers.Add("x-forwarded-for", $"{address}");
        if (http.Request.Headers[UserHeader] is [{ Length: > 0 } user] && Ascii.IsValid(user)) headers.Add(UserHeader, user);
        if (KnownCaller.NameOf(http) is { } name) headers.Add("topfive-caller", Uri.EscapeDataString(name));
        return headers;
    }

    private static Marshaller<TMessage> MarshallerOf<TMessage>() => Marshallers.Create(
        (message, context) => context.Complete(((IMessage)message!).ToByteArray()),
        context =>
        {
            var message = Activator.CreateInstance<TMessage>();
            ((IMessage)message!).MergeFrom(context.PayloadAsNewBuffer());
            return message;
        });
}

internal sealed class JsonDatasets : Datasets.DatasetsBase;

internal sealed class JsonTraining : Training.TrainingBase;

internal sealed class JsonHeads : Heads.HeadsBase;

internal sealed class JsonClassification : Classification.ClassificationBase;
