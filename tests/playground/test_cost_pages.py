"""The pages of costs, prices and budgets: who sees what, what is typed, uploaded and refused."""

import html
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.models import Charge
from conversations.services import conversation_create
from conversations.services.charging import month_of
from playground.cost_tables import months_back
from playground.views.run import Asked, Refused, run_commit
from team.models import ApiKey, AuditEvent, Budget, Price, User
from team.services import budget_set
from tests.cast import provider_make
from tests.desk import Desk

pytestmark = pytest.mark.django_db
FIGURES = {"input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06, "litellm_provider": "openai"}


def text_of(page: Any) -> str:
    """Return what a page says, spaces as one."""
    shown = re.sub(r"<(script|style|svg class=\"icon).*?</\1>", " ", page.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", shown).split())


def charge_make(
    person: User, *, model: str = "model-a", nano: int | None = 1_200_000_000, **more: Any
) -> Charge:
    values = {"month": month_of(timezone.now()), "currency": "" if nano is None else "USD", **more}
    return Charge.objects.create(person=person, provider_name="Gateway", model=model, nano=nano, **values)


def upload(client: Client, document: Any) -> Any:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return client.post(reverse("prices-import"), {"file": SimpleUploadedFile("prices.json", data)})


def hidden_in(page: Any, name: str) -> str:
    """Return what a hidden field of the page holds."""
    found = re.search(rf'name="{name}"\s+value="([^"]+)"', page.content.decode())
    assert found
    return html.unescape(found[1])


# Costs


def test_a_page_of_costs_says_what_is_unknown(bob: User, bob_client: Client) -> None:
    charge_make(bob)
    for _each in range(14):
        charge_make(bob, model="model-b", nano=None)
    page = text_of(bob_client.get(reverse("costs")))
    assert "at least 1.20 USD, 14 answers without a price for 15 answers" in page
    assert "model-b 14 unknown" in page
    assert "Cost by month in USD" in page


def test_currencies_stand_beside_each_other(bob: User, bob_client: Client) -> None:
    charge_make(bob)
    charge_make(bob, nano=3_000_000_000, currency="EUR")
    page = text_of(bob_client.get(reverse("costs")))
    assert "3.00 EUR + 1.20 USD" in page
    assert "Cost by month in EUR" in page
    assert "Cost by month in USD" in page


FILTERS: list[Callable[[Charge], dict[str, Any]]] = [
    lambda _charge: {},
    lambda charge: {"person": charge.person_id},
    lambda charge: {"key": charge.key_id},
    lambda charge: {"model": charge.model},
    lambda charge: {"month": f"{charge.month:%Y-%m}"},
    lambda _charge: {"months": 24},
]


@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_nothing_of_others_shows_through_any_filter(
    number: int, alice_client: Client, bob: User, charlie: User, bob_client: Client, desk: Desk
) -> None:
    own = provider_make(bob, name="Bobs secret gateway", key="sk-bobs-0123456789")
    key = ApiKey.objects.get(provider=own)
    theirs = charge_make(bob, model="bobs-secret-model", nano=7_770_000_000, key=key)
    charge_make(charlie, nano=1_000_000_000)
    query = FILTERS[number](theirs)
    client = Client()
    client.force_login(charlie)
    seen = client.get(reverse("costs"), query)
    assert seen.status_code in (200, 404)
    assert seen.status_code == (404 if {"person", "key"} & set(query) else 200)
    for secret in ("7.77", "secret gateway", "8.77"):
        assert secret not in seen.content.decode()
    if "model" not in query:  # what somebody typed stands there as their own filter
        assert "bobs-secret-model" not in seen.content.decode()
    for reader in (alice_client, bob_client):
        assert "7.77" in text_of(reader.get(reverse("costs"), query))


@pytest.mark.parametrize(
    "query",
    [
        {"person": "x"}, {"person": "-1"}, {"person": "9" * 30}, {"key": "1.5"}, {"key": "999999"}, {"key": "٣"},
        {"month": "1999-01"}, {"month": "now"}, {"month": "2026-1"},
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_not_there(query: dict[str, str], bob_client: Client) -> None:
    assert bob_client.get(reverse("costs"), query).status_code == 404


def test_odd_words_in_a_filter_find_nothing(bob: User, bob_client: Client) -> None:
    charge_make(bob)
    for model in ("a\0b", "%", "x" * 5000, "' OR 1=1 --", "😀"):
        page = bob_client.get(reverse("costs"), {"model": model})
        assert (page.status_code, "1.20" in page.content.decode()) == (200, False)


def test_rows_narrow_the_page_and_the_filter_comes_off(alice: User, alice_client: Client, bob: User) -> None:
    charge_make(alice)
    charge_make(bob, model="model-b", nano=500_000_000)
    page = alice_client.get(reverse("costs")).content.decode()
    assert f'href="?person={bob.pk}"' in page
    narrowed = alice_client.get(reverse("costs"), {"person": bob.pk, "months": 3})
    assert "0.50 USD for 1 answer" in text_of(narrowed)
    assert 'href="?months=3"' in narrowed.content.decode()


def test_a_page_of_costs_asks_as_many_queries_for_many_as_for_few(
    alice: User, alice_client: Client, bob: User, desk: Desk
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert alice_client.get(reverse("costs")).status_code == 200
        return len(queries)

    key = ApiKey.objects.get()
    charge_make(alice, key=key)
    few = asked()
    for number in range(120):
        charge_make(
            bob if number % 2 else alice,
            model=f"model-{number}",
            month=date(2026, 1 + number % 11, 1),
            key=key,
        )
    assert asked() == few <= 12


def test_months_run_back_over_the_turn_of_a_year() -> None:
    assert months_back(date(2026, 2, 1), 4) == [
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]


def test_a_person_sees_their_own_budget_and_no_keys(bob: User, bob_client: Client, desk: Desk) -> None:
    charge_make(bob)
    budget_set(actor=desk.person, of=bob, amount=Decimal(1), currency="USD")
    budget_set(actor=desk.person, of=ApiKey.objects.get(), amount=Decimal(77), currency="USD")
    page = text_of(bob_client.get(reverse("costs")))
    assert "Your budget this month 1.20 USD of 1.00 USD used up" in page
    assert "77" not in page


# Prices


def typed(**more: str) -> dict[str, str]:
    return {
        "model": "gpt-4o*",
        "provider": "",
        "input": "2.5",
        "cached": "",
        "output": "10",
        "currency": "usd",
    } | more


def test_a_price_is_typed_changed_and_removed(alice_client: Client, desk: Desk) -> None:
    assert alice_client.post(reverse("prices"), typed(provider=str(desk.provider.pk))).status_code == 302
    price = Price.objects.get()
    assert (price.provider, price.currency, price.cached, price.is_pattern) == (
        desk.provider,
        "USD",
        None,
        True,
    )
    shown = text_of(alice_client.get(reverse("prices")))
    assert "gpt-4o* Pattern Gateway 2.50 as input 10.00 USD" in shown
    edit = f"{reverse('prices')}?edit={price.pk}"
    assert 'value="2.5"' in alice_client.get(edit).content.decode()
    assert alice_client.post(edit, typed(model="gpt-4o", cached="1.25")).status_code == 302
    price.refresh_from_db()
    assert (price.model, price.provider, price.cached, price.is_pattern) == (
        "gpt-4o",
        None,
        Decimal("1.25"),
        False,
    )
    assert alice_client.post(reverse("price-remove", args=[price.pk])).status_code == 302
    assert not Price.objects.exists()
    assert AuditEvent.objects.filter(action__startswith="price.").count() == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"input": "NaN"}, {"input": "1e400"}, {"input": "-1"}, {"output": ""}, {"output": "free"}, {"cached": "Infinity"},
        {"currency": "$"}, {"currency": ""}, {"model": ""}, {"model": "x" * 301}, {"provider": "nowhere"},
        {"input": "0.0000000001"}, {"model": "a\0b"},
    ],
)  # fmt: skip
def test_what_cannot_be_a_price_is_said_and_stays_typed(odd: dict[str, str], alice_client: Client) -> None:
    page = alice_client.post(reverse("prices"), typed(output="77.5") | odd)
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.content.decode()
    assert not Price.objects.exists()
    if "output" not in odd:
        assert 'value="77.5"' in page.content.decode()


def test_the_same_price_twice_is_refused_beside_the_model(alice_client: Client) -> None:
    alice_client.post(reverse("prices"), typed())
    page = alice_client.post(reverse("prices"), typed())
    assert page.status_code == 422
    assert "There is a price for this model and provider already." in text_of(page)


def test_a_file_is_shown_before_it_is_taken(alice_client: Client, desk: Desk) -> None:
    document = {
        "gpt-4o": FIGURES,
        "azure/gpt-4o": FIGURES | {"litellm_provider": "azure", "input_cost_per_token": 9e-06},
        "embedder": FIGURES | {"mode": "embedding"},
        "o1": FIGURES,
    }
    preview = upload(alice_client, document)
    assert preview.status_code == 200
    said = text_of(preview)
    assert "new 1 changed 0 the same 0" in said
    assert "1 × different prices in the file" in said
    assert "1 × no chat model" in said
    assert not Price.objects.exists()
    choice = {"held": hidden_in(preview, "held"), "vendor": "azure", "provider": str(desk.provider.pk)}
    again = alice_client.post(reverse("prices-import-apply"), choice | {"deed": "preview"})
    assert "gpt-4o 9.00 as input 8.00 USD" in text_of(again)
    unseen = alice_client.post(
        reverse("prices-import-apply"), choice | {"deed": "apply", "seen": hidden_in(preview, "seen")}
    )
    assert "look at what they would change first" in text_of(unseen)
    assert not Price.objects.exists()
    seen = choice | {"deed": "apply", "seen": hidden_in(again, "seen")}
    assert alice_client.post(reverse("prices-import-apply"), seen).status_code == 302
    price = Price.objects.get()
    assert (price.model, price.provider, price.input) == ("gpt-4o", desk.provider, Decimal(9))


def test_a_file_of_thousands_is_taken_at_once(alice_client: Client) -> None:
    document = {f"vendor/model-{n}": FIGURES | {"litellm_provider": "vendor"} for n in range(3000)}
    preview = upload(alice_client, document)
    with CaptureQueriesContext(connection) as queries:
        done = alice_client.post(
            reverse("prices-import-apply"),
            {
                "held": hidden_in(preview, "held"),
                "seen": hidden_in(preview, "seen"),
                "vendor": "",
                "provider": "",
                "deed": "apply",
            },
        )
    assert done.status_code == 302
    assert Price.objects.count() == 3000
    assert len(queries) < 40
    assert "1 of 60" in text_of(alice_client.get(reverse("prices")))
    assert "model-2999" in text_of(alice_client.get(reverse("prices"), {"q": "model-2999"}))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"[" * 200_000, b'{"a": NaN}', b'{"a": 1e400, "a": {}}', b"\xff\xfe", b'{"\\ud800": {}}'],
)
def test_an_odd_file_is_told_of_and_never_breaks_the_page(data: bytes, alice_client: Client) -> None:
    page = upload(alice_client, data)
    assert page.status_code in (200, 422)
    assert not Price.objects.exists()


def test_a_preview_that_somebody_made_up_is_refused(alice_client: Client) -> None:
    for held in ("", "x", "eyJ4Ijp9:1x:yz", "\0"):
        page = alice_client.post(reverse("prices-import-apply"), {"held": held, "deed": "apply"})
        assert page.status_code == 422
        assert "Choose the file again." in text_of(page)


def test_without_a_file_nothing_is_imported(alice_client: Client) -> None:
    page = alice_client.post(reverse("prices-import"))
    assert (page.status_code, "Choose a file first." in text_of(page)) == (422, True)


def test_what_is_unknown_is_filled_in_by_a_press(alice: User, alice_client: Client, desk: Desk) -> None:
    charge_make(alice, nano=None, provider=desk.provider, tokens_in=1000, tokens_cached=0, tokens_out=100)
    charge_make(alice, nano=None)
    assert "2 answers have no known cost." in text_of(alice_client.get(reverse("prices")))
    alice_client.post(reverse("prices"), typed(model="model-a", input="2", output="8"))
    page = alice_client.post(reverse("prices-fill"), follow=True)
    assert "1 answer has a cost now." in text_of(page)
    assert set(Charge.objects.values_list("nano", flat=True)) == {2_800_000, None}


# Budgets


def test_a_budget_is_set_raised_and_removed(alice_client: Client, bob: User, desk: Desk) -> None:
    key = ApiKey.objects.get()
    charge_make(bob, key=key)
    for of, amount in ((f"person-{bob.pk}", "5"), (f"key-{key.pk}", "1"), (f"person-{bob.pk}", "12.5")):
        sent = alice_client.post(reverse("budgets"), {"of": of, "amount": amount, "currency": "USD"})
        assert sent.status_code == 302
    shown = text_of(alice_client.get(reverse("budgets")))
    assert "bob 1.20 USD of 12.50 USD" in shown
    assert f"Gateway {key}, the team’s 1.20 USD of 1.00 USD used up" in shown
    assert shown.index("bob 1.20 USD") < shown.index(f"Gateway {key}, the team’s 1.20")
    assert Budget.objects.count() == 2
    raised = AuditEvent.objects.filter(action="budget.set", target="bob").latest("id")
    assert raised.details == {"before": "5.00 USD", "now": "12.50 USD"}
    alice_client.post(reverse("budget-remove", args=[Budget.objects.get(person=bob).pk]))
    assert not Budget.objects.filter(person=bob).exists()
    assert AuditEvent.objects.filter(action="budget.remove").exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"of": "person-0"},
        {"of": ""},
        {"amount": "-1"},
        {"amount": "1e20"},
        {"amount": "NaN"},
        {"currency": "1"},
    ],
)
def test_what_cannot_be_a_budget_is_refused(odd: dict[str, str], alice_client: Client, bob: User) -> None:
    sent = {"of": f"person-{bob.pk}", "amount": "5", "currency": "USD"} | odd
    assert alice_client.post(reverse("budgets"), sent).status_code == 422
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "prices",
        "prices-import",
        "prices-import-apply",
        "prices-fill",
        "budgets",
        "price-remove",
        "budget-remove",
    ],
)
def test_prices_and_budgets_are_there_for_administrators_alone(name: str, bob_client: Client) -> None:
    path = reverse(name, args=[1] if name.endswith("remove") else [])
    assert bob_client.post(path, typed()).status_code == 404
    assert bob_client.get(path).status_code in (404, 405)
    assert not Price.objects.exists()


# A run


def test_a_budget_that_is_used_up_refuses_send_with_the_way_out(bob: User, desk: Desk) -> None:
    charge_make(bob)
    budget_set(actor=desk.person, of=bob, amount=Decimal(1), currency="USD")
    conversation = conversation_create(owner=bob, settings={})
    data = {"message": "Hello", "provider": str(desk.provider.pk), "model": "m", "system": ""}
    with pytest.raises(Refused) as refused:
        run_commit(Asked(bob, conversation.pk, uuid4(), data, "en"), "here/1")
    assert refused.value.messages == (
        "Your budget of 1.00 USD for this month is used up."
        " An administrator can raise it: alice. Nothing you typed is lost.",
    )
