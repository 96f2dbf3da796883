await Topfive.ClassifierService.ClassifierServiceHost.Build(args).RunAsync();
