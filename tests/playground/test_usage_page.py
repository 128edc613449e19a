"""The usage page: what it says at first glance, whom it shows what, and what it asks the database."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from conversations import selectors
from conversations.models import Exchange
from conversations.selectors import Group, Lately, Period, UsageFilter, UsageFound
from conversations.services import Ending, recordings_write
from conversations.tally import Tally
from playground.usage_words import Standing, UsageView, usage_view
from team.models import User
from tests.cast import client_of
from tests.desk import Desk, desk_make, response

NOW = timezone.now()


def run(desk: Desk, *, minutes: float = 10, error: str = "", ttft: float = 200.0) -> None:
    """Let one run of the desk end that began so many minutes ago."""
    pk = desk.open().exchanges[0].id
    Exchange.objects.filter(pk=pk).update(created=timezone.now() - timedelta(minutes=minutes))
    timing = {} if error else {"first_token": ttft, "last_token": ttft + 1000}
    ended = Ending(
        pk,
        Exchange.State.FAILED if error else Exchange.State.COMPLETED,
        response={"choices": []} if error else response(usage={"prompt_tokens": 9, "completion_tokens": 41}),
        error={"kind": error, "message": "secret words"} if error else None,
        timing=timing,
    )
    recordings_write(progress=[], endings=[ended])


def view(user: User, **wanted: Any) -> UsageView:
    asked = UsageFilter(**wanted)
    return usage_view(selectors.usage_of(user=user, wanted=asked), period=asked.period, by_model=False)


def found(lately: Lately, before: Tally) -> UsageFound:
    slots = Period.TODAY.slots(NOW)
    return UsageFound(slots, {Group("Gateway", "m"): {3: before}}, (), (), {"Gateway": lately}, False, False)


def standing(lately: Lately, before: Tally) -> Standing:
    (made,) = usage_view(found(lately, before), period=Period.TODAY, by_model=False).standings
    return made


def answers(count: int, ms: float) -> dict[str, int]:
    tally = Tally()
    for _ in range(count):
        tally.count("completed", None, {"first_token": ms}, (None, None))
    return tally.ttft


# At first glance


def test_who_fails_is_named_first_with_how_often_and_why(desk: Desk) -> None:
    fine = desk_make(desk.person, name="Cluster")
    for _ in range(3):
        run(fine)
    for kind in ("rate_limited", "rate_limited", "timed_out", ""):
        run(desk, error=kind)
    first, second = view(desk.person).standings
    assert (first.provider, first.tone) == ("Gateway", "bad")
    assert first.now == "3 of 4 runs failed in the last hour (rate_limited 2, timed_out 1)."
    assert first.then == "24 hours: 75 % of 4 failed, first token after 0.19 s."
    assert (second.provider, second.tone) == ("Cluster", "good")
    assert second.now == "3 runs in the last hour, none failed."


def test_who_is_slow_is_told_apart_from_who_always_is() -> None:
    usual = Tally(completed=50, ttft=answers(50, 400))
    slow = standing(Lately(ended=5, began=answers(5, 2000)), usual)
    assert slow.tone == "warn"
    assert slow.now == "The first token took 1.95 s in the last hour; usually it takes 0.38 s."
    always = Tally(completed=50, ttft=answers(50, 2000))
    assert standing(Lately(ended=5, began=answers(5, 2000)), always).tone == "good"
    assert standing(Lately(ended=2, began=answers(2, 2000)), usual).tone == "good"  # two are no proof


@pytest.mark.parametrize(
    ("lately", "tone", "now"),
    [
        (Lately(), "quiet", "No run in the last hour."),
        (Lately(running=2), "quiet", "No run has ended in the last hour; some are under way."),
        (Lately(ended=1), "good", "1 run in the last hour, none failed."),
        (Lately(ended=100, failed=1, errors={"": 1}), "warn", "1 of 100 runs failed in the last hour (unknown 1)."),
    ],
)  # fmt: skip
def test_the_last_hour_in_a_sentence(lately: Lately, tone: str, now: str) -> None:
    made = standing(lately, Tally(completed=1))
    assert (made.tone, made.now) == (tone, now)


def test_many_groups_are_drawn_as_five_and_listed_as_a_hundred() -> None:
    slots = Period.QUARTER.slots(NOW)
    cells = {Group(f"P{n}", "m"): {5: Tally(completed=1 + n)} for n in range(120)}
    page = usage_view(
        UsageFound(slots, cells, (), (), {}, False, False), period=Period.QUARTER, by_model=False
    )
    assert (len(page.rows), page.hidden, page.rows[0].provider) == (100, 20, "P119")
    failed = page.panels[1]
    assert len(failed.chart.keys) == 5
    assert failed.note
    assert len(page.standings) == 6


# The page


@pytest.fixture
def desks(desk: Desk, bob: User) -> Desk:
    """Alice, an administrator, and Bob, each with a provider and a run that failed."""
    other = desk_make(bob, name="Bob's gateway")
    run(desk, error="timed_out")
    run(other, error="rate_limited")
    return other


def page_of(client: Client, query: str = "", **headers: str) -> str:
    answer = client.get(f"/usage/{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_member_sees_their_own_and_nothing_of_others(
    desks: Desk, alice: User, bob: User, charlie: User
) -> None:
    own = page_of(client_of(bob))
    assert "Bob&#x27;s gateway" in own
    assert "rate_limited" in own
    for query in ("", f"?person={alice.pk}", "?period=90&by=model", "?provider=Gateway&model=model-a"):
        html = page_of(client_of(bob), query)
        assert "timed_out" not in html
        assert 'name="person"' not in html
        assert "alice" not in html
    nothing = page_of(client_of(charlie))
    assert "No run in this time." in nothing
    assert "gateway" not in nothing.lower()


def test_an_administrator_sees_the_team_as_counts_and_no_word_of_it(
    desks: Desk, alice: User, bob: User
) -> None:
    html = page_of(client_of(alice))
    assert "timed_out" in html
    assert "rate_limited" in html
    assert f'<option value="{bob.pk}">bob</option>' in html
    for word in ("secret words", "Hello", "sk-canary"):
        assert word not in html
    assert "timed_out" not in page_of(client_of(alice), f"?person={bob.pk}")


def test_htmx_gets_the_figures_and_nobody_gets_them_signed_out(desks: Desk, alice: User) -> None:
    part = page_of(client_of(alice), **{"HX-Request": "true"})
    assert "<html" not in part
    assert "Per provider and model" in part
    assert Client().get("/usage/").status_code == 302


@pytest.mark.parametrize(
    "query",
    [
        "?period=%00", "?period=91", "?person=-1", "?person=99999999999999999999", "?person=٣", "?by=nothing",
        "?provider=%3Cscript%3Ealert(1)%3C/script%3E", "?model=" + "x" * 5000, "?provider=%00",
    ],
)  # fmt: skip
def test_questions_that_make_no_sense_are_answered(query: str, desks: Desk, alice: User) -> None:
    html = page_of(client_of(alice), query)
    assert "<script>alert" not in html


def test_names_from_outside_stay_text(alice: User) -> None:
    run(desk_make(alice, name='<img src=x onerror="1">'))
    html = page_of(client_of(alice), "?by=model&period=7")
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_the_page_asks_the_same_however_much_there_is(desk: Desk, alice_client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page_of(alice_client, "?period=90")
        return len(asked)

    run(desk)
    page_of(alice_client)
    few = queries()
    for number in range(12):
        run(desk_make(desk.person, name=f"P{number}"), minutes=5 + 1440 * number, error="timed_out")
    assert queries() == few


def test_the_page_speaks_chinese_without_breaking_its_charts(desks: Desk, alice: User) -> None:
    with translation.override("zh-hans"):
        assert view(alice, period=Period.WEEK).panels[0].chart.bars
