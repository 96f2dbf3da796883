await Topfive.Gateway.GatewayHost.Build(args).RunAsync();
