"""What answers cost: reckoned once from the usage as reported, kept, summed by who may see it, and held to budgets."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conversations import selectors
from conversations.costing import MOST_NANO, Counted, Spent, counted_of, nano_of
from conversations.models import Charge, Conversation, Exchange, Run
from conversations.money_words import money_text, spent_text
from conversations.selectors import CostFilter
from conversations.services import (
    Ending,
    Progress,
    ResponseHead,
    archive_read,
    archive_write,
    charges_fill,
    conversation_create,
    conversation_delete,
    conversations_trash,
    exchange_recover,
    person_data_delete,
    recordings_write,
)
from conversations.services.again import run_again
from conversations.services.charging import month_of
from team.errors import BudgetSpent
from team.models import ApiKey, Price, User
from team.selectors import endpoint_for
from team.services import PriceValues, account_delete, budget_set, key_remove, key_set, price_set
from tests.desk import Desk, desk_make, response
from tests.threads import at_once

D = Decimal
State = Exchange.State
USAGE = {"prompt_tokens": 1000, "completion_tokens": 200}
SINCE = date(2020, 1, 1)


def price(actor: User, model: str = "model-a", **more: Any) -> Price:
    values: dict[str, Any] = {
        "provider": None,
        "input": D(2),
        "cached": D("0.5"),
        "output": D(8),
        "currency": "USD",
    }
    return price_set(actor=actor, values=PriceValues(model=model, **values | more))


def finish(exchange: UUID, usage: Any = USAGE, **more: Any) -> Mapping[UUID, Any]:
    ending: dict[str, Any] = {"state": State.COMPLETED, "response": response(usage=usage), "error": None}
    return recordings_write(progress=(), endings=[Ending(exchange_id=exchange, **ending | more)]).costs


def answer(desk: Desk, usage: Any = USAGE, **more: Any) -> UUID:
    exchange = desk.open().exchanges[0].id
    finish(exchange, usage, **more)
    return exchange


def trash(*, conversation: Conversation) -> None:
    conversations_trash(user=conversation.owner, ids=[conversation.pk])


def seat_of(person: User, desk: Desk) -> Desk:
    """Seat somebody else at a conversation of theirs, with the same provider."""
    return Desk(person, conversation_create(owner=person, settings={}), desk.provider)


def spent(user: User, by: str = "month", **chosen: Any) -> dict[Any, Spent]:
    found = selectors.spent_by(user=user, chosen=CostFilter(since=SINCE, **chosen))
    return dict(getattr(found, by))


def total(user: User, **chosen: Any) -> Spent:
    return sum(spent(user, **chosen).values(), Spent())


# Arithmetic

COUNT = st.integers(0, 2**31 - 1)
RATE = st.decimals(0, 999_999, places=9, allow_nan=False)


@given(COUNT, COUNT, COUNT, RATE, RATE | st.none(), RATE)
def test_a_cost_is_the_exact_product_rounded_once(
    fresh: int, cached: int, out: int, input: Decimal, cached_rate: Decimal | None, output: Decimal
) -> None:
    counted = Counted(min(fresh + cached, 2**31 - 1), min(cached, fresh + cached), out)
    rates = SimpleNamespace(input=input, cached=cached_rate, output=output)
    nano = nano_of(counted, rates)
    # The same in whole numbers: rates have nine places, so billionths of rates have none.
    whole = [int(rate * 10**9) for rate in (input, input if cached_rate is None else cached_rate, output)]
    tokens = (counted.tokens_in - counted.tokens_cached, counted.tokens_cached, out)
    exact = sum(n * rate for n, rate in zip(tokens, whole, strict=True))
    if nano is None:
        assert exact >= (MOST_NANO - 1) * 10**6
    else:
        assert abs(nano * 10**6 - exact) <= 10**6 // 2
        assert (nano == 0) >= (exact == 0)


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_more_tokens_never_cost_less(fresh: int, cached: int, out: int, more: int) -> None:
    rates = SimpleNamespace(input=D("0.27"), cached=D("0.07"), output=D("1.1"))
    base = nano_of(Counted(fresh + cached, cached, out), rates)
    dearer = nano_of(Counted(fresh + cached, cached, out + more), rates)
    uncached = nano_of(Counted(fresh + cached, 0, out), rates)
    assert base is not None
    assert dearer is not None
    assert uncached is not None
    assert base <= dearer
    assert base <= uncached


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (USAGE, Counted(1000, 0, 200)),
        (USAGE | {"prompt_tokens_details": {"cached_tokens": 600}}, Counted(1000, 600, 200)),
        (USAGE | {"prompt_tokens_details": {"cached_tokens": None}}, Counted(1000, 0, 200)),
        (USAGE | {"prompt_tokens_details": None}, Counted(1000, 0, 200)),
        (USAGE | {"prompt_cache_hit_tokens": 600, "prompt_cache_miss_tokens": 400}, Counted(1000, 600, 200)),
        (USAGE | {"cached_tokens": 600}, Counted(1000, 600, 200)),
        (USAGE | {"completion_tokens_details": {"reasoning_tokens": 150}}, Counted(1000, 0, 200)),
        (USAGE | {"prompt_tokens_details": {"cached_tokens": 1001}}, None),
        (USAGE | {"prompt_tokens_details": {"cached_tokens": "600"}}, None),
        (USAGE | {"cached_tokens": -1}, None),
        ({"prompt_tokens": 1000}, None),
        ({"prompt_tokens": -1, "completion_tokens": 1}, None),
        ({"prompt_tokens": True, "completion_tokens": 1}, None),
        ({"prompt_tokens": 2**31, "completion_tokens": 1}, None),
        ({"prompt_tokens": 1.5, "completion_tokens": 1}, None),
        ([], None),
        (None, None),
        ("many", None),
    ],
)
def test_a_usage_counts_what_it_says_or_nothing(usage: Any, counted: Counted | None) -> None:
    assert counted_of(usage) == counted


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0 USD"),
        ("0.00042", "0.00042 USD"),
        ("0.000000001", "0.000000001 USD"),
        ("0.01", "0.01 USD"),
        ("0.0999", "0.10 USD"),
        ("0.0123456", "0.012 USD"),
        ("0.5", "0.50 USD"),
        ("1.204", "1.20 USD"),
        ("1234567.891", "1,234,567.89 USD"),
    ],
)
def test_an_amount_shows_the_digits_that_say_something(amount: str, text: str) -> None:
    assert money_text(D(amount), "USD") == text


def test_a_sum_says_what_it_does_not_know_and_adds_no_currencies() -> None:
    usd, eur = (("USD", D("1.2")),), (("EUR", D(3)),)
    assert spent_text(Spent()) == ""
    assert spent_text(Spent(usd, 1)) == "1.20 USD"
    assert spent_text(Spent(usd, 2) + Spent(eur, 1)) == "3.00 EUR + 1.20 USD"
    assert spent_text(Spent((), 14, 14)) == "unknown"
    assert spent_text(Spent(usd, 15, 14)) == "at least 1.20 USD, 14 answers without a price"
    assert spent_text(Spent(usd, 2, 1)) == "at least 1.20 USD, 1 answer without a price"


# One answer


@pytest.mark.django_db
def test_an_answer_costs_what_its_price_says(desk: Desk) -> None:
    price(desk.person)
    exchange = desk.open().exchanges[0].id
    costs = finish(exchange, USAGE | {"prompt_tokens_details": {"cached_tokens": 600}})
    # 400 × 2 + 600 × 0.5 + 200 × 8 = 2,700 millionths
    assert (costs[exchange].amount, costs[exchange].currency) == (D("0.0027"), "USD")
    charge = Charge.objects.get()
    assert (charge.exchange_id, charge.person, charge.nano) == (exchange, desk.person, 2_700_000)
    assert charge.key == ApiKey.objects.get()
    assert charge.month == month_of(timezone.now())
    assert (charge.tokens_in, charge.tokens_cached, charge.tokens_out) == (1000, 600, 200)


@pytest.mark.django_db
def test_without_a_price_a_cost_is_unknown(desk: Desk) -> None:
    price(desk.person, "model-b")
    exchange = answer(desk)
    cost = selectors.cost_of(Exchange.objects.get(pk=exchange))
    assert cost is not None
    assert (cost.amount, cost.currency, cost.counted) == (None, "", True)


@pytest.mark.django_db
def test_without_a_usage_a_cost_is_unknown_unless_the_model_is_free(desk: Desk) -> None:
    paid = price(desk.person)
    stopped = desk.open().exchanges[0].id
    assert finish(stopped, None, state=State.STOPPED)[stopped].amount is None
    price_set(
        actor=desk.person,
        values=PriceValues("model-a", None, D(0), None, D(0), "USD"),
        price=paid,
    )
    free = desk.open().exchanges[0].id
    assert finish(free, None, state=State.STOPPED)[free].amount == 0
    assert selectors.cost_of(Exchange.objects.get(pk=stopped)).amount is None  # type: ignore[union-attr]  # is a cost


@pytest.mark.django_db
def test_what_failed_before_an_answer_began_has_nothing_to_pay_for(desk: Desk) -> None:
    price(desk.person)
    exchange = desk.open().exchanges[0].id
    assert finish(exchange, state=State.FAILED, response={}, error={"kind": "refused"}) == {}
    assert selectors.cost_of(Exchange.objects.get(pk=exchange)) is None


@pytest.mark.django_db
def test_what_a_killed_process_left_is_charged_too(desk: Desk) -> None:
    price(desk.person, input=D(0), output=D(0), cached=None)
    exchange = Exchange.objects.get(pk=desk.open().exchanges[0].id)
    assert exchange_recover(exchange=exchange)
    assert not Charge.objects.exists()  # nothing had come


@pytest.mark.django_db
@pytest.mark.parametrize("go", [conversation_delete, trash], ids=["deleted", "trashed"])
def test_what_goes_while_it_answers_has_an_unknown_cost(desk: Desk, go: Callable[..., None]) -> None:
    price(desk.person)
    began, waits = (desk.open().exchanges[0].id for _run in range(2))
    head = ResponseHead(200, "OK", "1.1", (), (), {})
    recordings_write(progress=[Progress(began, 0, head=head)], endings=())

    go(conversation=desk.conversation)

    assert finish(began) == {}
    assert spent(desk.person) == {month_of(timezone.now()): Spent((), 1, 1)}, "what waits was not sent yet"
    assert not Exchange.objects.filter(pk__in=(began, waits), state__in=Exchange.LIVE).exists()


def test_the_same_ending_again_charges_once_and_tells_the_cost(desk: Desk) -> None:
    price(desk.person)
    exchange = desk.open().exchanges[0].id
    assert finish(exchange) == finish(exchange)
    assert Charge.objects.count() == 1


@pytest.mark.django_db
def test_a_changed_price_counts_from_now_on(desk: Desk) -> None:
    set_first = price(desk.person)
    before = answer(desk)
    price_set(
        actor=desk.person, values=PriceValues("model-a", None, D(4), None, D(16), "EUR"), price=set_first
    )
    after = answer(desk)
    charges_fill()
    kept = {charge.exchange_id: (charge.amount, charge.currency) for charge in Charge.objects.all()}
    assert kept == {before: (D("0.0036"), "USD"), after: (D("0.0072"), "EUR")}
    assert total(desk.person).amounts == (("EUR", D("0.0072")), ("USD", D("0.0036")))


@pytest.mark.django_db
def test_an_absurd_usage_is_unknown_and_sums_of_large_costs_are_exact(desk: Desk) -> None:
    price(desk.person, input=D(999_999), output=D(999_999), cached=None)
    huge = {"prompt_tokens": 2**31 - 1, "completion_tokens": 2**31 - 1}
    for _each in range(4):  # together past what 64 bits hold in billionths
        answer(desk, huge)
    each = Charge.objects.first()
    assert each is not None
    assert each.amount is not None
    assert total(desk.person).amounts == (("USD", 4 * each.amount),)


@pytest.mark.django_db
def test_a_run_again_is_charged_with_its_own_key(desk: Desk) -> None:
    price(desk.person)
    exchange = answer(desk)
    own = key_set(actor=desk.person, provider=desk.provider, key="sk-own-0123456789", owner=desk.person)
    again = run_again(
        person=desk.person,
        exchange_id=exchange,
        run_id=uuid4(),
        process="here/1",
        provider=desk.provider,
        endpoint=endpoint_for(user=desk.person, provider=desk.provider),
    )
    finish(again.exchanges[0].id)
    assert Charge.objects.get(exchange=again.exchanges[0].id).key == own


# What was unknown


@pytest.mark.django_db
def test_filling_in_reckons_what_is_unknown_once(desk: Desk) -> None:
    unknown, uncounted = answer(desk), answer(desk, None)
    assert charges_fill().filled == 0
    price(desk.person)
    assert charges_fill().filled == 1
    assert charges_fill().filled == 0
    assert Charge.objects.get(exchange=unknown).amount == D("0.0036")
    assert Charge.objects.get(exchange=uncounted).nano is None


@pytest.mark.django_db
def test_filling_in_goes_in_steps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conversations.services.charging.STEP", 2)
    for _each in range(5):
        answer(desk)
    price(desk.person)
    first = charges_fill(most=2)
    assert (first.filled, first.rest) == (2, True)
    rest = charges_fill()
    assert (rest.filled, rest.rest) == (3, False)


@pytest.mark.django_db
def test_answers_from_before_costs_were_kept_can_be_filled_in(desk: Desk) -> None:
    old, imported = answer(desk), answer(desk)
    Charge.objects.all().delete()
    Exchange.objects.filter(pk=imported).update(provider=None)  # as an import leaves it: paid elsewhere
    price(desk.person)
    assert charges_fill().filled == 1
    assert charges_fill().filled == 0
    assert Charge.objects.get().exchange_id == old


# Sums


@pytest.mark.django_db
def test_a_member_sees_their_own_and_an_administrator_everybodys(
    desk: Desk, bob: User, charlie: User
) -> None:
    price(desk.person)
    answer(desk)
    seat = seat_of(bob, desk)
    answer(seat)
    answer(seat)
    key = ApiKey.objects.get()
    month = month_of(timezone.now())
    alice = desk.person
    assert {who: each.answers for who, each in spent(alice, "person").items()} == {alice.pk: 1, bob.pk: 2}
    for by, value in (("month", month), ("person", bob.pk), ("key", key.pk), ("model", "model-a")):
        assert {name: each.answers for name, each in spent(bob, by).items()} == {value: 2}
        assert spent(charlie, by) == {}
    for narrowed in (
        {"person": alice.pk},
        {"person": bob.pk},
        {"key": key.pk},
        {"model": "model-a"},
        {"month": month},
    ):
        assert total(charlie, **narrowed) == Spent()
    assert total(bob, person=alice.pk) == Spent()
    assert total(bob, key=key.pk).answers == 2
    assert total(alice, person=bob.pk, key=key.pk, model="model-a", month=month).answers == 2


@pytest.mark.django_db
def test_a_conversation_has_a_sum(desk: Desk) -> None:
    price(desk.person)
    answer(desk)
    answer(desk, None)
    both = selectors.cost_of_conversation(conversation=desk.conversation)
    assert spent_text(both) == "at least 0.0036 USD, 1 answer without a price"


@pytest.mark.django_db
def test_what_was_spent_outlives_the_conversation_the_key_and_the_person(desk: Desk, bob: User) -> None:
    price(desk.person)
    answer(seat_of(bob, desk))
    answer(desk)
    conversation_delete(conversation=desk.conversation)
    person_data_delete(user=bob)
    assert (total(bob).answers, total(desk.person).answers) == (1, 2)
    key_remove(actor=desk.person, provider=desk.provider, owner=None)
    account_delete(user=bob)
    assert {who: each.answers for who, each in spent(desk.person, "person").items()} == {
        desk.person.pk: 1,
        None: 1,
    }
    assert {key: each.answers for key, each in spent(desk.person, "key").items()} == {None: 2}
    assert not Charge.objects.exclude(exchange=None).exists()
    assert charges_fill().filled == 0


@pytest.mark.django_db
def test_who_deletes_their_data_leaves_past_months_without_a_name_and_keeps_their_budget_as_it_is(
    desk: Desk,
) -> None:
    price(desk.person)
    old, new = answer(desk), answer(desk)
    Charge.objects.filter(exchange=old).update(month=SINCE)
    person_data_delete(user=desk.person)
    month = month_of(timezone.now())
    assert dict(Charge.objects.values_list("month", "person")) == {SINCE: None, month: desk.person.pk}
    budget = budget_set(actor=desk.person, of=desk.person, amount=D(1), currency="USD")
    assert selectors.spent_on(budget=budget, month=month).of("USD") == D("0.0036")
    assert not Exchange.objects.filter(pk=new).exists()


@pytest.mark.django_db
def test_a_persons_archive_says_what_they_spent(desk: Desk, bob: User) -> None:
    price(desk.person)
    answer(desk)
    answer(desk, None)
    answer(seat_of(bob, desk))
    data = b"".join(archive_write(user=desk.person, mask=str))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (row,) = json.loads(archive.read("costs.json"))
    assert row == {
        "month": month_of(timezone.now()).isoformat(),
        "provider": "Gateway",
        "model": "model-a",
        "answers": 2,
        "unknown": 1,
        "amounts": {"USD": "0.0036"},
    }
    archive_read(user=bob, file=io.BytesIO(data))
    assert (total(bob).answers, charges_fill().filled) == (1, 0)  # it was paid once


@pytest.mark.django_db
def test_the_command_fills_in_without_a_bound(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    answer(desk)
    price(desk.person)
    call_command("costs_fill")
    assert capsys.readouterr().out == "1 answers have a cost now.\n"


# Budgets


@pytest.mark.django_db
def test_a_budget_stops_new_runs_and_only_new_ones(desk: Desk, bob: User) -> None:
    price(desk.person)
    seat = seat_of(bob, desk)
    budget_set(actor=desk.person, of=bob, amount=D("0.01"), currency="USD")
    under_way, beside = seat.open(), seat.open()
    finish(under_way.exchanges[0].id, {"prompt_tokens": 0, "completion_tokens": 1250})
    with pytest.raises(BudgetSpent) as refused:
        seat.open("And this?")
    assert refused.value.message == (
        "Your budget of 0.01 USD for this month is used up."
        " An administrator can raise it: alice. Nothing you typed is lost."
    )
    assert Run.objects.filter(person=bob).count() == 2
    assert finish(beside.exchanges[0].id)  # what was under way ends as always
    desk.open()  # nobody else is stopped
    budget_set(actor=desk.person, of=bob, amount=D(5), currency="USD")
    seat.open("And this?")


@pytest.mark.django_db
def test_the_same_press_of_send_again_is_no_new_run(desk: Desk) -> None:
    price(desk.person)
    run_id = uuid4()
    finish(desk.open(run_id=run_id).exchanges[0].id)
    budget_set(actor=desk.person, of=desk.person, amount=D(0), currency="USD")
    assert desk.open(run_id=run_id).exchanges == ()
    with pytest.raises(BudgetSpent, match="You can raise it in the settings"):
        desk.open()


@pytest.mark.django_db
def test_a_keys_budget_counts_what_everybody_spends_with_it(desk: Desk, bob: User) -> None:
    price(desk.person, input=D(20))
    seat = seat_of(bob, desk)
    budget_set(actor=desk.person, of=ApiKey.objects.get(), amount=D("0.02"), currency="USD")
    answer(desk)
    with pytest.raises(BudgetSpent) as refused:
        seat.open()
    assert "0.02" not in refused.value.message  # how much others spend is not Bob's to know
    assert "The team’s budget for “Gateway” is used up for this month." in refused.value.message
    key_set(actor=bob, provider=desk.provider, key="sk-bobs-0123456789", owner=bob)
    answer(seat)  # with a key of his own
    assert set(Charge.objects.values_list("key__owner", flat=True)) == {None, bob.pk}


@pytest.mark.django_db
def test_only_the_budgets_own_currency_and_month_count(desk: Desk) -> None:
    price(desk.person, input=D(20))
    budget_set(actor=desk.person, of=desk.person, amount=D("0.02"), currency="EUR")
    answer(desk)
    budget_set(actor=desk.person, of=desk.person, amount=D("0.02"), currency="USD")
    Charge.objects.update(month=SINCE)
    answer(desk, None)  # unknown: never a guess
    answer(desk)
    with pytest.raises(BudgetSpent):
        desk.open()


@pytest.mark.django_db
def test_all_columns_of_a_run_ask_for_their_budgets_in_as_many_queries_as_one(desk: Desk) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            desk.open()
        return sum("budget" in each["sql"] for each in queries)

    assert asked() == 1  # none is set: nothing is summed
    budget_set(actor=desk.person, of=desk.person, amount=D(1), currency="USD")
    assert asked() == 1


@pytest.mark.django_db
def test_a_budget_of_a_person_and_of_a_key_are_told_apart(alice: User, bob: User) -> None:
    desk_make(alice)
    key = ApiKey.objects.get()
    budgets = [budget_set(actor=alice, of=of, amount=D(1), currency="USD") for of in (bob, key)]
    assert selectors.spent_on_budgets(budgets=budgets, month=SINCE) == {each.pk: Spent() for each in budgets}
    assert [(each.person, each.key) for each in budgets] == [(bob, None), (None, key)]


@pytest.mark.django_db(transaction=True)
def test_two_runs_that_open_at_once_are_judged_by_the_same_sum(desk: Desk, bob: User) -> None:
    price(desk.person)
    seats = [seat_of(bob, desk) for _each in range(4)]
    budget_set(actor=desk.person, of=bob, amount=D("0.01"), currency="USD")

    def send(seat: Desk) -> bool:
        try:
            seat.open()
        except BudgetSpent:
            return False
        return True

    assert at_once(*(partial(send, seat) for seat in seats)) == [True] * 4
    for exchange in Exchange.objects.filter(run__person=bob):
        finish(exchange.pk)
    assert Charge.objects.filter(person=bob).count() == 4
    assert at_once(*(partial(send, seat) for seat in seats)) == [False] * 4
    assert Run.objects.filter(person=bob).count() == 4


@pytest.mark.django_db(transaction=True)
def test_filling_in_twice_at_once_and_beside_endings_reckons_each_answer_once(desk: Desk) -> None:
    waiting = [answer(desk) for _each in range(5)]
    live = desk.open().exchanges[0].id
    Charge.objects.filter(exchange__in=waiting[:2]).delete()  # from before costs were kept
    price(desk.person)
    at_once(charges_fill, charges_fill, partial(finish, live))
    charges_fill()
    assert sorted(Charge.objects.values_list("exchange", "nano")) == sorted(
        (pk, 3_600_000) for pk in [*waiting, live]
    )
