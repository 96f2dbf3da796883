await Topfive.FeatureService.FeatureServiceHost.Build(args).RunAsync();
