using Google.Protobuf;
using Grpc.Core;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>The images of one request: each goes its own way, by its hash, several at a time.</summary>
/// <param name="images">At least one.</param>
/// <param name="turns">How many of one call may be under way.</param>
/// <param name="limits">Each image after the first is as much as a call: without a turn of its caller's, it waits.</param>
/// <param name="caller">The call.</param>
internal sealed class ImageBatch(IReadOnlyList<ByteString> images, SemaphoreSlim turns, CallLimits limits, ServerCallContext caller)
{
    public ServerCallContext Caller => caller;

    /// <returns>In the order of the images.</returns>
    /// <exception cref="RpcException">The first that failed, named by its place; no other is begun after it.</exception>
    public async Task<TAnswer[]> AskAsync<TAnswer>(Func<ByteString, Task<TAnswer>> ask)
    {
        var answers = new TAnswer[images.Count];
        await Parallel.ForAsync(0, images.Count, new ParallelOptions { MaxDegreeOfParallelism = images.Count, CancellationToken = caller.CancellationToken }, async (place, stop) =>
        {
            if (place > 0) await limits.WaitAsync(caller.GetHttpContext(), stop);
            await turns.WaitAsync(stop);
            try
            {
                answers[place] = await ask(images[place]);
            }
            catch (Exception exception) when (IsOfTheImage(exception))
            {
                throw AtPlace(place, exception);
            }
            finally
            {
                turns.Release();
            }
        });
        return answers;
    }

    /// <summary>An unknown model is the request's failure, and a caller that hangs up is nobody's.</summary>
    private bool IsOfTheImage(Exception exception) =>
        exception is not Failure { Kind: FailureKind.NotFound } && !FailureTable.IsUnforeseen(exception) && !caller.CancellationToken.IsCancellationRequested;

    private RpcException AtPlace(int place, Exception exception)
    {
        var status = FailureTable.ToStatus(exception, caller.TraceId());
        status.Message = $"element {place} of input '{InputTensor.Name}': {status.Message}";
        return status.ToRpcException();
    }
}
