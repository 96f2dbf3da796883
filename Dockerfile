# All images, one target each: gateway, features, features-cuda, classifier, topfive. docs/images.md says how to build and run them.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
ARG TOOLS_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble
ARG CUDA_IMAGE=nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04

FROM ${SDK_IMAGE} AS source
WORKDIR /source
COPY . .
ARG RID=linux-x64
# The commit, in the version that metrics and traces carry.
ARG REVISION=""
ENV NUGET_PACKAGES=/packages \
    PUBLISH="dotnet publish -c Release -r ${RID} --no-self-contained -p:SourceRevisionId=${REVISION} -o /app"

FROM source AS publish-gateway
RUN --mount=type=cache,target=/packages $PUBLISH src/Gateway

FROM source AS publish-features
RUN --mount=type=cache,target=/packages $PUBLISH src/FeatureService

FROM source AS publish-features-cuda
RUN --mount=type=cache,target=/packages $PUBLISH src/FeatureService -p:Accelerator=cuda

FROM source AS publish-classifier
RUN --mount=type=cache,target=/packages $PUBLISH src/ClassifierService

FROM source AS publish-topfive
RUN --mount=type=cache,target=/packages $PUBLISH src/Cli

# The user of .NET's images by its number, by which Kubernetes sees that it is not root. Nothing is written outside of /tmp, and of
# /data where the embedded store is used.
FROM ${RUNTIME_IMAGE} AS service
WORKDIR /app
ENV ASPNETCORE_HTTP_PORTS="" \
    Backbone__Model=/models/inception_v3.onnx \
    Backbone__PreparedDirectory=/tmp \
    Store__DataDirectory=/data
USER 1654:1654

FROM service AS gateway
COPY --from=publish-gateway /app .
EXPOSE 8080 8090
ENTRYPOINT ["dotnet", "Topfive.Gateway.dll"]

# The backbone is mounted at /models: it is the operator's choice, and no image has one.
FROM service AS features
COPY --from=publish-features /app .
EXPOSE 8081 8091
ENTRYPOINT ["dotnet", "Topfive.FeatureService.dll"]

FROM service AS classifier
COPY --from=publish-classifier /app .
EXPOSE 8082 8092
ENTRYPOINT ["dotnet", "Topfive.ClassifierService.dll"]

# The same program as features, on CUDA's own runtime image, which has cuDNN and knows NVIDIA's container runtime.
FROM ${CUDA_IMAGE} AS features-cuda
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates openssl && rm -rf /var/lib/apt/lists/*
COPY --from=service /usr/share/dotnet /usr/share/dotnet
WORKDIR /app
ENV DOTNET_RUNNING_IN_CONTAINER=true \
    Backbone__Model=/models/inception_v3.onnx \
    Backbone__PreparedDirectory=/tmp \
    Store__DataDirectory=/data
COPY --from=publish-features-cuda /app .
USER 1654:1654
EXPOSE 8081 8091
ENTRYPOINT ["/usr/share/dotnet/dotnet", "Topfive.FeatureService.dll"]

# For Jobs and for people: it has a shell and tar, so that kubectl cp works.
FROM ${TOOLS_IMAGE} AS topfive
WORKDIR /app
COPY --from=publish-topfive /app .
USER 1654:1654
ENTRYPOINT ["dotnet", "/app/topfive.dll"]
