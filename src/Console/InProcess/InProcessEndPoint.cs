using System.Net;

namespace Topfive.Consoles;

/// <summary>Where the Gateway listens for the console alone: in its own process, where no other program can connect.</summary>
internal sealed class InProcessEndPoint : EndPoint
{
    public override string ToString() => "in-process";
}
