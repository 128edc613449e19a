"""What runs came to: counted once, where they end; seen by whom they belong to, and by administrators."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conversations import selectors
from conversations.histogram import percentile, stretch_of
from conversations.models import Exchange, Usage
from conversations.selectors import Group, Period, UsageFilter, UsageFound
from conversations.services import (
    Ending,
    conversations_trash,
    person_data_delete,
    recordings_write,
    usage_recount,
)
from conversations.tally import Tally
from team.models import User
from tests.desk import Desk, desk_make, response
from tests.threads import at_once

State = Exchange.State
NOW = datetime(2026, 11, 22, 11, 20, tzinfo=UTC)
USAGE = {"prompt_tokens": 100, "completion_tokens": 41}
TIMING = {"first_token": 200.0, "last_token": 1200.0, "ended": 1250.0}


def run(desk: Desk, *, begun: datetime = NOW, **changes: Any) -> UUID:
    """Let one run of the desk end; `begun` is when it began."""
    pk = desk.open().exchanges[0].id
    Exchange.objects.filter(pk=pk).update(created=begun)
    values: dict[str, Any] = {
        "state": State.COMPLETED,
        "response": response(usage=USAGE),
        "error": None,
        "timing": TIMING,
    }
    recordings_write(progress=[], endings=[Ending(pk, **values | changes)])
    return pk


def failed(desk: Desk, kind: str = "rate_limited", **changes: Any) -> UUID:
    error: Mapping[str, Any] = {"kind": kind, "message": "No."}
    return run(desk, state=State.FAILED, response={"choices": []}, error=error, timing={}, **changes)


def usage(user: User, **wanted: Any) -> UsageFound:
    return selectors.usage_of(user=user, wanted=UsageFilter(**wanted), now=NOW)


def whole(found: UsageFound) -> Tally:
    total = Tally()
    for tallies in found.cells.values():
        for tally in tallies.values():
            total.add(tally)
    return total


# Percentiles


@given(st.lists(st.floats(0.01, 1e9), min_size=1, max_size=200), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_at_most_five_percent_off(values: list[float], share: float) -> None:
    histogram: dict[str, int] = {}
    for value in values:
        histogram[stretch_of(value)] = histogram.get(stretch_of(value), 0) + 1
    exact = sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]
    found = percentile(histogram, share)
    assert found is not None
    assert abs(found - exact) <= 0.0501 * exact


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None


# Counting


def test_an_ending_is_counted_in_its_hour_and_its_day(desk: Desk) -> None:
    run(desk)
    failed(desk)
    failed(desk, "timed_out")
    found = usage(desk.person)
    assert found.slots[-1] == datetime(2026, 11, 22, 11, tzinfo=UTC)
    ((group, tallies),) = found.cells.items()
    assert group == Group("Gateway", "model-a")
    assert list(tallies) == [23]
    tally = tallies[23]
    assert (tally.completed, tally.failed, tally.runs, tally.uncounted) == (1, 2, 3, 2)
    assert (tally.tokens_in, tally.tokens_out) == (100, 41)
    assert tally.errors == {"rate_limited": 1, "timed_out": 1}
    assert percentile(tally.ttft, 0.5) == pytest.approx(200, rel=0.05)
    assert percentile(tally.rate, 0.5) == pytest.approx(40, rel=0.05)
    by_day = usage(desk.person, period=Period.WEEK)
    assert whole(by_day) == tally
    assert list(by_day.cells[group]) == [6]


def test_the_same_ending_again_is_not_counted_again(desk: Desk) -> None:
    pk = run(desk)
    again = Ending(pk, State.COMPLETED, response=response(usage=USAGE), error=None, timing=TIMING)
    recordings_write(progress=[], endings=[again])
    assert whole(usage(desk.person)).runs == 1


def test_what_is_live_is_not_counted_and_what_is_thrown_away_stopped(desk: Desk) -> None:
    pk = desk.open().exchanges[0].id
    Exchange.objects.filter(pk=pk).update(created=NOW)
    assert whole(usage(desk.person)).runs == 0
    conversations_trash(user=desk.person, ids=[desk.conversation.pk])
    assert whole(usage(desk.person)).stopped == 1
    late = Ending(pk, State.COMPLETED, response=response(), error=None)
    recordings_write(progress=[], endings=[late])
    assert whole(usage(desk.person)) == Tally(stopped=1, uncounted=1)


def test_counts_outlive_the_conversation_and_go_with_all_of_a_persons_data(desk: Desk) -> None:
    run(desk)
    desk.conversation.delete()
    assert whole(usage(desk.person)).runs == 1
    person_data_delete(user=desk.person)
    assert not Usage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ten_processes_that_end_runs_at_once_lose_none(desk: Desk) -> None:
    opened = [desk.open().exchanges[0].id for _ in range(10)]
    Exchange.objects.update(created=NOW)
    endings = [Ending(pk, State.COMPLETED, response=response(usage=USAGE), error=None) for pk in opened]
    at_once(*[partial(recordings_write, progress=[], endings=[ending]) for ending in endings])
    assert whole(usage(desk.person)) == Tally(completed=10, tokens_in=1000, tokens_out=410)


def test_counting_again_from_what_is_kept_comes_to_the_same(desk: Desk) -> None:
    run(desk)
    failed(desk, begun=NOW - timedelta(days=3))
    desk.open()
    before = {period: usage(desk.person, period=period).cells for period in Period}
    usage_recount()
    assert {period: usage(desk.person, period=period).cells for period in Period} == before


def test_prune_drops_hours_that_no_page_shows_and_keeps_days(desk: Desk) -> None:
    run(desk, begun=timezone.now() - timedelta(days=9))
    call_command("prune", "--dry-run")
    assert Usage.objects.count() == 2
    call_command("prune")
    assert [row.span for row in Usage.objects.all()] == ["day"]


# Reading


@pytest.mark.parametrize(
    ("period", "count", "first"),
    [
        (Period.TODAY, 24, datetime(2026, 11, 21, 12, tzinfo=UTC)),
        (Period.WEEK, 7, datetime(2026, 11, 16, tzinfo=UTC)),
        (Period.MONTH, 30, datetime(2026, 10, 24, tzinfo=UTC)),
        (Period.QUARTER, 90, datetime(2026, 8, 25, tzinfo=UTC)),
    ],
)
def test_a_period_has_its_hours_or_days(period: Period, count: int, first: datetime) -> None:
    slots = period.slots(NOW)
    assert (len(slots), slots[0]) == (count, first)
    east = timezone.get_fixed_timezone(480)
    assert period.slots(NOW.astimezone(east)) == slots


def test_the_last_hour_says_what_failed_and_how_fast_answers_began(desk: Desk) -> None:
    run(desk, begun=NOW - timedelta(minutes=50))
    failed(desk, begun=NOW - timedelta(minutes=5))
    run(desk, begun=NOW - timedelta(minutes=61))
    live = desk.open().exchanges[0].id
    Exchange.objects.filter(pk=live).update(created=NOW)
    lately = usage(desk.person).lately["Gateway"]
    assert (lately.ended, lately.failed, lately.running) == (2, 1, 1)
    assert lately.errors == {"rate_limited": 1}
    assert lately.ttft == pytest.approx(200, rel=0.05)


@pytest.fixture
def bobs(desk: Desk, bob: User) -> Desk:
    """Alice, an administrator, and Bob have run something: Bob with a provider of his own name."""
    other = desk_make(bob, name="Bob's own")
    run(desk)
    failed(other)
    return other


def test_everybody_sees_their_own_and_administrators_the_team(
    desk: Desk, bobs: Desk, alice: User, bob: User, charlie: User
) -> None:
    assert whole(usage(alice)).runs == 2
    own = usage(bob)
    assert (whole(own).completed, whole(own).failed) == (0, 1)
    assert own.providers == ("Bob's own",)
    assert list(own.lately) == ["Bob's own"]
    nothing = usage(charlie)
    assert (nothing.cells, nothing.providers, nothing.models, nothing.lately) == ({}, (), (), {})


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("wanted", [{"provider": "Gateway"}, {"model": "model-a"}, {}])
@pytest.mark.parametrize("asks_for_alice", [True, False])
def test_no_filter_shows_a_member_what_others_ran(
    period: Period, wanted: dict[str, str], asks_for_alice: bool, bobs: Desk, alice: User, bob: User
) -> None:
    person = alice.pk if asks_for_alice else None
    found = usage(bob, period=period, person=person, **wanted)
    assert {group.provider for group in found.cells} <= {"Bob's own"}
    assert found.providers == ("Bob's own",)
    assert set(found.lately) <= {"Bob's own"}
    assert selectors.people_counted(user=bob) == []


def test_an_administrator_may_ask_for_one_person(bobs: Desk, alice: User, bob: User) -> None:
    found = usage(alice, person=bob.pk)
    assert (found.providers, list(found.lately)) == (("Bob's own",), ["Bob's own"])
    assert selectors.people_counted(user=alice) == [(alice.pk, "alice"), (bob.pk, "bob")]


def test_filters_narrow_the_counts_and_not_what_they_offer(bobs: Desk, alice: User) -> None:
    found = usage(alice, provider="Gateway")
    assert [group.provider for group in found.cells] == ["Gateway"]
    assert found.providers == ("Bob's own", "Gateway")


def test_the_page_asks_two_questions_however_much_there_is(desk: Desk) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            usage(desk.person, period=Period.QUARTER)
        return len(asked)

    run(desk)
    few = queries()
    for days in range(20):
        failed(desk, begun=NOW - timedelta(days=days))
    assert few == queries() == 2
