using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>A channel listened to, with word of the times when nothing could be heard.</summary>
internal sealed class Subscription : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _multiplexer;
    private readonly ChannelMessageQueue _queue;
    private readonly EventHandler<ConnectionFailedEventArgs> _restored;

    private Subscription(ConnectionMultiplexer multiplexer, ChannelMessageQueue queue, Func<Task> reconnected)
    {
        _multiplexer = multiplexer;
        _queue = queue;
        _restored = async (_, connection) =>
        {
            try
            {
                if (connection.ConnectionType == ConnectionType.Subscription)
                {
                    await reconnected();
                }
            }
            catch (Exception exception) when (StoreFailure.Is(exception))
            {
                // Gone again: the next reconnection calls again.
            }
        };
        _multiplexer.ConnectionRestored += _restored;
    }

    /// <param name="multiplexer">The connection.</param>
    /// <param name="channel">What to listen to.</param>
    /// <param name="heard">Called with each message, one at a time.</param>
    /// <param name="reconnected">Called when a lost connection is back; messages of the time between are lost.</param>
    public static async Task<IAsyncDisposable> OpenAsync(
        ConnectionMultiplexer multiplexer, RedisChannel channel, Action<RedisValue> heard, Func<Task> reconnected)
    {
        var queue = await multiplexer.GetSubscriber().SubscribeAsync(channel);
        queue.OnMessage(message => heard(message.Message));
        return new Subscription(multiplexer, queue, reconnected);
    }

    public async ValueTask DisposeAsync()
    {
        _multiplexer.ConnectionRestored -= _restored;
        if (_multiplexer.IsConnected)
        {
            await _queue.UnsubscribeAsync();
        }
    }
}
