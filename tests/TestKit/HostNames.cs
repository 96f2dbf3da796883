using System.Net;
using System.Text;

namespace Topfive.TestKit;

/// <summary>Names that some processes resolve to addresses of a test's choosing, as those of a cluster do: a file of hosts that only they see.</summary>
public sealed class HostNames
{
    /// <summary>The file is written over in one piece of this size: a reader sees it whole, before or after.</summary>
    private const int FileBytes = 4096;

    private readonly string _file;
    private readonly Dictionary<string, List<IPAddress>> _addresses = [];

    private HostNames(string file)
    {
        _file = file;
        Write();
    }

    /// <returns>Null when this machine lets no process have a file of hosts of its own: skip the test.</returns>
    public static async Task<HostNames?> TryCreateAsync(string file)
    {
        var names = new HostNames(file);
        try
        {
            await Repository.RunAsync(Path.GetDirectoryName(file)!, "unshare", [.. names.Before, "true"]);
            return names;
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Arguments of unshare(1), before those of the program: it becomes the program, and keeps its process id.</summary>
    internal string[] Before =>
    [
        .. Environment.IsPrivilegedProcess ? Array.Empty<string>() : ["--map-root-user"],
        "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", _file,
    ];

    public void Add(string name, IPAddress address) => Change(name, addresses => addresses.Add(address));

    public void Remove(string name, IPAddress address) => Change(name, addresses => addresses.Remove(address));

    private void Change(string name, Action<List<IPAddress>> change)
    {
        lock (_addresses)
        {
            if (!_addresses.TryGetValue(name, out var addresses)) _addresses[name] = addresses = [];
            change(addresses);
            Write();
        }
    }

    private void Write()
    {
        var lines = string.Concat(_addresses.SelectMany(name => name.Value.Select(address => $"{address} {name.Key}\n")));
        using var file = File.OpenHandle(_file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, Encoding.ASCII.GetBytes(lines.PadRight(FileBytes, '\n')), fileOffset: 0);
    }
}
