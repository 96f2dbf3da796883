using Topfive.FeatureService;
using Topfive.ServiceDefaults;

return await ServiceProgram.RunAsync(() => FeatureServiceHost.Build(args), FeatureServiceHost.ReadyAsync);
