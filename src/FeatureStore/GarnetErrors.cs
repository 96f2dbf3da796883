using Microsoft.Extensions.Logging;

namespace Topfive.FeatureStore;

/// <summary>
/// Garnet's errors, under categories that begin with <c>Garnet.</c>; a hundred lines of its start, in categories as general
/// as "Options", stay out of the host's log.
/// </summary>
internal sealed class GarnetErrors(ILoggerFactory loggers) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new ErrorLogger(loggers.CreateLogger($"Garnet.{categoryName}"));

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    private sealed class ErrorLogger(ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logger.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error && logger.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                logger.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
