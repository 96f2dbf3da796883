System.Console.WriteLine("topfive");
