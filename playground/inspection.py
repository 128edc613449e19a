"""What the times of an exchange tell: where the time went. Pure functions over kept values."""

from collections.abc import Mapping
from itertools import pairwise

from django.utils.translation import gettext as _

from playground import timing_charts
from playground.event_index import EventIndex
from playground.inspector_models import Added, Phase, TimingView


def timing_view(
    *, state: str, timing: Mapping[str, float], index: EventIndex, tokens: int | None
) -> TimingView:
    """Return where the time of an exchange went. `tokens` are those that the provider counted in the answer."""
    total = max([timing.get("ended", 0.0), *index.times[-1:]])
    first_byte = timing.get("first_byte", total)
    texts = index.text_times()
    gaps = [later - sooner for sooner, later in pairwise(texts)]
    each = tokens / len(texts) if tokens and texts else 1.0
    return TimingView(
        state=state,
        before=_phases_before(timing, first_byte),
        before_ms=first_byte,
        stream=_phases_of_stream(index, total),
        total_ms=total,
        moments=_moments(timing),
        rate=timing_charts.rate_chart([at - first_byte for at in texts], total=total - first_byte, each=each),
        tokens=tokens,
        pieces=len(texts),
        gaps=timing_charts.quantiles(gaps),
        added=_added(timing),
        reused="first_byte" in timing and "connect" not in timing,
        queued_ms=timing.get("queued"),
    )


def _added(timing: Mapping[str, float]) -> Added | None:
    mean = timing.get("added_mean")
    return None if mean is None else Added(mean, timing.get("added_longest"))


def _moments(timing: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    marks = (
        ("first_byte", _("First byte")),
        ("first_reasoning", _("First reasoning token")),
        ("first_content", _("First content token")),
        ("first_refusal", _("First token of the refusal")),
        ("first_tool_calls", _("First token of a tool call")),
        ("last_token", _("Last token")),
        ("ended", _("End of the response")),
    )
    return tuple((label, timing[name]) for name, label in marks if name in timing)


def _phases_before(timing: Mapping[str, float], first_byte: float) -> tuple[Phase, ...]:
    marks = (
        ("dns", _("Name lookup")),
        ("connect", _("Connect")),
        ("tls", _("TLS handshake")),
        ("request_sent", _("Request sent")),
        ("first_byte", _("Waiting for the first byte")),
    )
    phases: list[Phase] = []
    start = 0.0
    for name, label in marks:
        end = timing.get(name)
        if end is not None:
            phases.append(timing_charts.phase(label, "wait", start=start, end=end, total=first_byte))
            start = end
    return tuple(phases)


def _phases_of_stream(index: EventIndex, total: float) -> tuple[Phase, ...]:
    labels = (
        ("reasoning", _("Reasoning")),
        ("content", _("Content")),
        ("tool_calls", _("Tool calls")),
    )
    phases = [
        timing_charts.phase(label, kind, start=span[0], end=span[1], total=total)
        for kind, label in labels
        if (span := index.spans(kind))
    ]
    longest = max(index.stalls(), key=index.gap_ms, default=None)
    if longest is not None:
        start, end = index.times[longest - 2], index.times[longest - 1]
        phases.append(timing_charts.phase(_("Longest stall"), "stall", start=start, end=end, total=total))
    return tuple(phases)
