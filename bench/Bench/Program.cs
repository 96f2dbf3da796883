using Topfive.Bench;

switch (args)
{
    case ["train", .. var rest]:
        return TrainBench.Run(rest);
    case ["classify"]:
        return ClassifyBench.Run();
    case ["stream"]:
        return await StreamBench.RunAsync(200);
    case ["stream", "--images", var images]:
        return await StreamBench.RunAsync(int.Parse(images));
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Bench -- train [--epochs N] [--threads N] [--batch N] [--examples N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- classify");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- stream [--images N]");
        return 2;
}
