using Topfive.Bench;

switch (args)
{
    case ["train", .. var rest]:
        return TrainBench.Run(rest);
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Bench -- train [--epochs N] [--threads N] [--batch N] [--examples N]");
        return 2;
}
