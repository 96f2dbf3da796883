using Topfive.Gateway;
using Topfive.ServiceDefaults;

return await ServiceProgram.RunAsync(() => GatewayHost.Build(args));
