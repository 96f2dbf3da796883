using Topfive.Bench;

switch (args)
{
    case ["train", .. var rest]:
        return TrainBench.Run(rest);
    case ["classify"]:
        return ClassifyBench.Run();
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Bench -- train [--epochs N] [--threads N] [--batch N] [--examples N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- classify");
        return 2;
}
