using System.Globalization;
using Topfive.Bench;

switch (args)
{
    case ["train", .. var rest]:
        return await TrainBench.RunAsync(rest);
    case ["train-memory"]:
        return await TrainMemoryBench.RunAsync(100_000);
    case ["train-memory", "--images", var count]:
        return await TrainMemoryBench.RunAsync(int.Parse(count));
    case ["gpu", .. var rest]:
        return await GpuBench.RunAsync(rest);
    case ["feed"]:
        return await FeedBench.RunAsync(count: 4_000);
    case ["feed", "--images", var images]:
        return await FeedBench.RunAsync(int.Parse(images));
    case ["echo"]:
        return await EchoService.RunAsync();
    case ["lookups"]:
        return await LookUpBench.RunAsync();
    case ["unknown", var folder]:
        return await UnknownBench.RunAsync(folder, farFolder: null);
    case ["unknown", var folder, var farFolder]:
        return await UnknownBench.RunAsync(folder, farFolder);
    case ["label-errors", var folder]:
        return LabelErrorBench.Run(folder);
    case ["nearest", "--examples", var examples]:
        return await NearestBench.RunAsync(int.Parse(examples), searches: 20);
    case ["nearest"]:
        return await NearestBench.RunAsync(examples: 25_000, searches: 200);
    case ["classify"]:
        return ClassifyBench.Run();
    case ["decode"]:
        return await DecodeBench.RunAsync(rounds: 20, folder: null);
    case ["decode", "--rounds", var rounds]:
        return await DecodeBench.RunAsync(int.Parse(rounds), folder: null);
    case ["decode", var folder]:
        return await DecodeBench.RunAsync(rounds: 20, folder);
    case ["int8"]:
        return await QuantizedBench.RunAsync("out/emoji", "out/emoji-google");
    case ["int8", .. var folders]:
        return await QuantizedBench.RunAsync(folders);
    case ["stream"]:
        return await StreamBench.RunAsync(200);
    case ["stream", "--images", var images]:
        return await StreamBench.RunAsync(int.Parse(images));
    case ["engine"]:
        return await EngineBench.RunAsync(rounds: 10);
    case ["engine", "--rounds", var rounds]:
        return await EngineBench.RunAsync(int.Parse(rounds));
    case ["start"]:
        return await StartBench.RunAsync(rounds: 5, published: null);
    case ["start", "--rounds", var rounds]:
        return await StartBench.RunAsync(int.Parse(rounds), published: null);
    case ["start", var published]:
        return await StartBench.RunAsync(rounds: 9, published);
    case ["memory"]:
        return await MemoryBench.RunAsync(seconds: 20);
    case ["memory", "--seconds", var seconds]:
        return await MemoryBench.RunAsync(double.Parse(seconds, CultureInfo.InvariantCulture));
    case ["hits"]:
        return await HitBench.RunAsync(secondsARound: 3);
    case ["hits", "--seconds", var seconds]:
        return await HitBench.RunAsync(double.Parse(seconds, CultureInfo.InvariantCulture));
    case ["seeing"]:
        return await SeeingBench.RunAsync(secondsARound: 3);
    case ["seeing", "--seconds", var seconds]:
        return await SeeingBench.RunAsync(double.Parse(seconds, CultureInfo.InvariantCulture));
    case ["access"]:
        return await AccessBench.RunAsync(secondsARound: 1);
    case ["access", "--seconds", var seconds]:
        return await AccessBench.RunAsync(double.Parse(seconds, CultureInfo.InvariantCulture));
    case ["overload"]:
        return await OverloadBench.RunAsync(seconds: 60);
    case ["overload", "--seconds", var seconds]:
        return await OverloadBench.RunAsync(double.Parse(seconds, CultureInfo.InvariantCulture));
    case ["fairness"]:
        return await FairnessBench.RunAsync(100);
    case ["fairness", "--calls", var calls]:
        return await FairnessBench.RunAsync(int.Parse(calls));
    case ["batching"]:
        return await BatchingBench.RunAsync(BatchingBench.AllCallers, seconds: 2.5);
    case ["batching", "--callers", var callers, "--seconds", var seconds]:
        return await BatchingBench.RunAsync([int.Parse(callers)], double.Parse(seconds));
    case ["miss-penalty"]:
        return await MissPenaltyBench.RunAsync(seconds: 10, rounds: 6);
    case ["miss-penalty", "--seconds", var seconds]:
        return await MissPenaltyBench.RunAsync(double.Parse(seconds), rounds: 1);
    case ["soak"]:
        return await SoakBench.RunAsync(minutes: 1);
    case ["soak", "--minutes", var minutes]:
        return await SoakBench.RunAsync(double.Parse(minutes));
    case ["scale-out"]:
        return await ScaleOutBench.RunAsync(distinct: 100);
    case ["scale-out", "--images", var images]:
        return await ScaleOutBench.RunAsync(int.Parse(images));
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Bench -- train [--epochs N] [--threads N] [--batch N] [--examples N] [--no-torch]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- train-memory [--images N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- classify");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- nearest [--examples N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- unknown FOLDER [OTHER]      folders of topfive export --vectors");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- label-errors FOLDER         a folder of topfive export --vectors");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- int8 [DRAWINGS ...]  a folder a label, as demo-data/fetch lays out");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- decode [FOLDER | --rounds N]  a folder of large JPEGs of your own");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- stream [--images N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- fairness [--calls N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- lookups");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- batching [--callers N --seconds N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- miss-penalty [--seconds N]  of each block");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- soak [--minutes N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- scale-out [--images N]      for each process");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- engine [--rounds N]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- start [--rounds N | PUBLISHED]    the folder of a published FeatureService");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- memory [--seconds N]        of predictions");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- hits [--seconds N]          of each round; with h2load where it is on the PATH");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- access [--seconds N]        of each round: what keys, tokens and TLS cost the Gateway");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- gpu [--device cuda:N|cpu --library FILE --model FILE --images FOLDER --batches 1,8,64 --seconds N --stream N --provider-option NAME=VALUE]");
        Console.Error.WriteLine("       dotnet run -c Release --project bench/Bench -- feed [--images N]           through a backbone that costs nothing");
        return 2;
}
