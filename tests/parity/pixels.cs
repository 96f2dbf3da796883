#:project ../TestKit/TestKit.csproj

// Writes each test photo's 299×299 RGB pixels, one byte a channel, to FOLDER/NAME.rgb: the very pixels that the parity
// tests use. usage: dotnet run pixels.cs -- FOLDER
using Topfive.TestKit;

foreach (var photo in await TestPhotos.AllAsync())
{
    await File.WriteAllBytesAsync(Path.Combine(args[0], $"{photo.Name}.rgb"), photo.Pixels());
}
