using Topfive.FeatureService;

var app = FeatureServiceHost.Build(args);
var ready = FeatureServiceHost.ReadyAsync(app);
await app.RunAsync();
return ready.IsFaulted ? 1 : 0;
