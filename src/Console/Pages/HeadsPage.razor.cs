using Grpc.Core;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Topfive.Classifier.V1;

namespace Topfive.Consoles;

public sealed partial class HeadsPage
{
    private const string ByHand = "by hand, in the console";
    private const int MostVersions = 50;

    private IReadOnlyList<Head>? _heads;
    private IReadOnlyList<Promotion> _promotions = [];
    private Head? _shown, _change;
    private bool _isRollback;
    private string? _changeProblem;
    private ElementReference _dialog;

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    /// <summary>Absent: all heads.</summary>
    [SupplyParameterFromQuery]
    private string? Head { get; set; }

    /// <summary>Absent: the live one.</summary>
    [SupplyParameterFromQuery]
    private long? Version { get; set; }

    private Head? Live => _heads?.FirstOrDefault(head => head.Live);

    /// <summary>What a roll-back would make live, as the history of changes says; null: nothing that is known.</summary>
    private Head? Before
    {
        get
        {
            // Versions that were live, latest last, as the Gateway keeps them: a promotion adds one, a roll-back takes one away.
            var live = new List<long>();
            foreach (var change in _promotions.Reverse())
            {
                if (change.Cause == PromotionCause.RolledBack && live.Count > 0) live.RemoveAt(live.Count - 1);
                else if (change.Cause == PromotionCause.HeadDeleted) live.Clear();
                else live.Add(change.ToVersion);
            }

            return live.Count > 1 ? _heads?.FirstOrDefault(head => head.Version == live[^2]) : null;
        }
    }

    public static string Address(string head, long? version = null) => $"/console/heads?head={Uri.EscapeDataString(head)}{(version is null ? "" : $"&version={version}")}";

    protected override Task OnParametersSetAsync() => LoadAsync();

    private async Task LoadAsync()
    {
        _shown = null;
        await TryAsync(async () => _heads = (await Session.Heads.ListHeadsAsync(new ListHeadsRequest { Head = Head ?? "" }, cancellationToken: Left)).Heads);
        if (Head is null || _heads is not { Count: > 0 }) return;

        var request = new GetHeadRequest { Head = Head };
        if ((Version ?? Live?.Version ?? _heads.Max(head => head.Version)) is var version) request.Version = version;
        await TryAsync(async () => _shown = await Session.Heads.GetHeadAsync(request, cancellationToken: Left));
        try
        {
            _promotions = (await Session.Heads.ListPromotionsAsync(new ListPromotionsRequest { Head = Head }, cancellationToken: Left)).Promotions;
        }
        catch (RpcException)
        {
            // Who may only predict does not see who changed what.
            _promotions = [];
        }
    }

    private Task OfferPromotion(Head version) => OfferAsync(version, isRollback: false);

    private Task OfferRollback() => OfferAsync(Before!, isRollback: true);

    private async Task OfferAsync(Head version, bool isRollback)
    {
        (_change, _isRollback, _changeProblem) = (version, isRollback, null);
        StateHasChanged();
        await Js.InvokeVoidAsync("topfiveConsole.open", Left, _dialog);
    }

    private async Task ChangeAsync()
    {
        try
        {
            if (_isRollback) await Session.Heads.RollbackAsync(new RollbackRequest { Head = _change!.Head_, Reason = ByHand }, cancellationToken: Left);
            else await Session.Heads.PromoteAsync(new PromoteRequest { Head = _change!.Head_, Version = _change.Version, Reason = ByHand }, cancellationToken: Left);
        }
        catch (RpcException refusal)
        {
            _changeProblem = Words.Of(refusal);
            return;
        }

        await CloseAsync();
        await LoadAsync();
    }

    private async Task CloseAsync() => await Js.InvokeVoidAsync("topfiveConsole.close", Left, _dialog);

    private void Forget() => _change = null;

    private static string Who(Caller? caller) => caller is null ? "" : string.Join(" · ", new[] { caller.Authenticated, caller.User, caller.Peer }.Where(part => part.Length > 0));
}
