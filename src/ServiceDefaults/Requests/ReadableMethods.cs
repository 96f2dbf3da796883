using System.Reflection;
using Google.Protobuf;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;

namespace Topfive.ServiceDefaults;

/// <summary>
/// The methods of a gRPC service as gRPC itself finds them, by the generated BindService, but for one thing: a message that does not parse is the caller's
/// INVALID_ARGUMENT. gRPC makes UNKNOWN of it, and an error with a stack trace in the log.
/// </summary>
internal sealed class ReadableMethods<TService> : IServiceMethodProvider<TService> where TService : class
{
    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<TService> context)
    {
        var bind = Ancestors().Select(type => type.GetCustomAttribute<BindServiceMethodAttribute>()).First(attribute => attribute is not null)!;
        var binding = bind.BindType.GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Single(method => method.Name == bind.BindMethodName && method.GetParameters() is [{ ParameterType: var first }, _] && first == typeof(ServiceBinderBase));
        binding.Invoke(null, [new Binder(context), null]);
    }

    private static IEnumerable<Type> Ancestors()
    {
        for (var type = typeof(TService); type is not null; type = type.BaseType) yield return type;
    }

    private sealed class Binder(ServiceMethodProviderContext<TService> context) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        {
            var found = Find(method.Name, typeof(TRequest), typeof(ServerCallContext));
            context.AddUnaryMethod(Readable(method), Metadata(found), found.CreateDelegate<UnaryServerMethod<TService, TRequest, TResponse>>());
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
        {
            var found = Find(method.Name, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
            context.AddClientStreamingMethod(Readable(method), Metadata(found), found.CreateDelegate<ClientStreamingServerMethod<TService, TRequest, TResponse>>());
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
        {
            var found = Find(method.Name, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
            context.AddServerStreamingMethod(Readable(method), Metadata(found), found.CreateDelegate<ServerStreamingServerMethod<TService, TRequest, TResponse>>());
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        {
            var found = Find(method.Name, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
            context.AddDuplexStreamingMethod(Readable(method), Metadata(found), found.CreateDelegate<DuplexStreamingServerMethod<TService, TRequest, TResponse>>());
        }

        private static MethodInfo Find(string name, params Type[] parameters) =>
            typeof(TService).GetMethod(name, BindingFlags.Public | BindingFlags.Instance, parameters)
            ?? throw new InvalidOperationException($"{typeof(TService)} has no {name}");

        private static List<object> Metadata(MethodInfo method) =>
            [.. typeof(TService).GetCustomAttributes(inherit: true), .. method.GetCustomAttributes(inherit: true), new HttpMethodMetadata(["POST"], acceptCorsPreflight: true)];

        private static Method<TRequest, TResponse> Readable<TRequest, TResponse>(Method<TRequest, TResponse> method)
        {
            var read = method.RequestMarshaller.ContextualDeserializer;
            return new(method.Type, method.ServiceName, method.Name, new(method.RequestMarshaller.ContextualSerializer, Read), method.ResponseMarshaller);

            TRequest Read(DeserializationContext bytes)
            {
                try
                {
                    return read(bytes);
                }
                catch (InvalidProtocolBufferException exception)
                {
                    throw Failure.InvalidInput($"the message is no {typeof(TRequest).Name}: {exception.Message}", exception).ToRpcException();
                }
            }
        }
    }
}
