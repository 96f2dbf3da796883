using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>A service as a program of its own.</summary>
public static class ServiceProgram
{
    /// <summary>
    /// Runs until it is told to stop. What a person can put right (a wrong setting, a taken port, a data directory in
    /// use) is told in one line, without a stack trace.
    /// </summary>
    /// <param name="build">Builds the service.</param>
    /// <param name="ready">Ends when the service is ready, and fails when it never will be; null: ready as soon as it listens.</param>
    /// <returns>The exit code: 0 stopped, 1 did not start.</returns>
    public static async Task<int> RunAsync(Func<WebApplication> build, Func<WebApplication, Task>? ready = null)
    {
        try
        {
            await using var app = build();
            // Before the host does it, and logs a stack trace.
            app.Services.GetService<IStartupValidator>()?.Validate();
            // Asked for now: when the run has ended, the application's services are gone.
            var readiness = ready?.Invoke(app) ?? Task.CompletedTask;
            await app.RunAsync();
            return readiness.IsFaulted ? 1 : 0;
        }
        catch (Exception exception) when (IsForThePersonAtTheKeyboard(exception))
        {
            await Console.Error.WriteLineAsync(Describe(exception));
            return 1;
        }
    }

    private static bool IsForThePersonAtTheKeyboard(Exception exception) => exception
        is OptionsValidationException
        or IOException
        or InvalidOperationException { InnerException: IOException or SocketException or ArgumentException };

    private static string Describe(Exception exception) =>
        exception is OptionsValidationException { OptionsType: var options } && options.GetField("Section")?.GetValue(null) is string section
            ? $"a setting {section}__… is wrong: {exception.Message}"
            : exception.Message;
}
