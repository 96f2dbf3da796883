using Microsoft.Extensions.Logging;

namespace Topfive.Cli;

/// <summary>The services' log of one process, in a file: their lines would tear the terminal's bars apart.</summary>
internal sealed class FileLog : ILoggerProvider
{
    private readonly StreamWriter _file;

    /// <param name="path">Appended to.</param>
    public FileLog(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        Path = path;
        var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        _file = new StreamWriter(stream) { AutoFlush = true };
    }

    public string Path { get; }

    /// <summary>The last message that said why a service cannot go on.</summary>
    public string? LastCritical { get; private set; }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        lock (_file)
        {
            _file.Dispose();
        }
    }

    private void Write(string line)
    {
        lock (_file)
        {
            if (_file.BaseStream is { CanWrite: true })
            {
                _file.WriteLine(line);
            }
        }
    }

    private sealed class Logger(FileLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var message = formatter(state, exception);
            if (logLevel == LogLevel.Critical)
            {
                log.LastCritical = message;
            }

            log.Write($"{DateTime.UtcNow:O} {logLevel} {category}: {message}{(exception is null ? "" : $"\n{exception}")}");
        }
    }
}
