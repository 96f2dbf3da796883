using Topfive.ClassifierService;
using Topfive.ServiceDefaults;

return await ServiceProgram.RunAsync(() => ClassifierServiceHost.Build(args));
