using Microsoft.AspNetCore.Http;

namespace Topfive.Consoles;

internal static class ConsolePath
{
    public static bool Has(PathString path) => ConsoleRoom.Paths.Any(own => own == "/" ? path == "/" : path.StartsWithSegments(own));
}
