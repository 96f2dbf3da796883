using Grpc.AspNetCore.Server.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Topfive.ServiceDefaults;

/// <summary>Puts <see cref="ReadableMethods{TService}"/> in the place of gRPC's own discovery of methods.</summary>
public static class ReadableMethodsRegistration
{
    /// <summary>To be called after each AddGrpc, which registers gRPC's own again: two discoveries would make two endpoints of every method.</summary>
    public static IServiceCollection AddReadableMethods(this IServiceCollection services)
    {
        var own = services.Where(service => service.ServiceType == typeof(IServiceMethodProvider<>) && service.ImplementationType?.Assembly == typeof(IServiceMethodProvider<>).Assembly);
        foreach (var service in own.ToList()) services.Remove(service);
        services.TryAddEnumerable(ServiceDescriptor.Singleton(typeof(IServiceMethodProvider<>), typeof(ReadableMethods<>)));
        return services;
    }
}
