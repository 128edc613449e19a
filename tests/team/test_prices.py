"""Prices: which one counts, what a file of them gives, and that nothing odd in it becomes a price."""

import json
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team import services
from team.errors import InvalidValue, NotFound
from team.models import AuditEvent, Price, User
from team.price_import import (
    MAX_BYTES,
    MAX_RATE,
    Entry,
    PricesUnreadable,
    entries_choose,
    prices_read,
)
from team.selectors.pricing import pattern_matches, prices_find
from team.services import PriceValues
from tests.cast import provider_make
from tests.threads import at_once

D = Decimal


def values(model: str = "model-a", **more: Any) -> PriceValues:
    given: dict[str, Any] = {
        "provider": None,
        "input": D(2),
        "cached": None,
        "output": D(8),
        "currency": "USD",
    }
    return PriceValues(model=model, **given | more)


def entry(**more: Any) -> dict[str, Any]:
    plain = {
        "input_cost_per_token": 1.5e-07,
        "output_cost_per_token": 6e-07,
        "litellm_provider": "openai",
        "mode": "chat",
    }
    return plain | more


def read(document: Any) -> Any:
    return prices_read(json.dumps(document).encode())


# Which price counts


@pytest.mark.django_db
def test_the_nearest_price_counts(alice: User) -> None:
    gateway, other = provider_make(None, actor=alice), provider_make(None, actor=alice, name="Other")
    for model, provider in (
        ("*", None), ("model-*", None), ("model-a", None), ("model-*", gateway), ("model-b", gateway),
    ):  # fmt: skip
        services.price_set(actor=alice, values=values(model, provider=provider))
    asked = [(gateway.pk, "model-b"), (gateway.pk, "model-a"), (other.pk, "model-a"), (other.pk, "model-c")]
    found = prices_find(asked=[*asked, (None, "else")])
    assert [(found[each].provider_id, found[each].model) for each in asked] == [
        (gateway.pk, "model-b"),
        (gateway.pk, "model-*"),
        (None, "model-a"),
        (None, "model-*"),
    ]
    assert found[None, "else"].model == "*"


@pytest.mark.django_db
def test_what_has_no_price_is_not_guessed(alice: User) -> None:
    gateway, other = provider_make(None, actor=alice), provider_make(None, actor=alice, name="Other")
    services.price_set(actor=alice, values=values("model-a", provider=gateway))
    assert prices_find(asked=[(other.pk, "model-a"), (gateway.pk, "Model-A"), (gateway.pk, "model-ab")]) == {}


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("gpt-4o*", "gpt-4o", True),
        ("gpt-4o*", "gpt-4o-mini", True),
        ("gpt-4o*", "my-gpt-4o", False),
        ("*/deepseek-*-chat", "x/deepseek-v3-chat", True),
        ("*/deepseek-*-chat", "deepseek-v3-chat", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*", "", True),
        ("a.c*", "abc", False),
        ("a*[b]?*", "a-[b]?-", True),
    ],
)
def test_a_star_stands_for_any_characters_and_nothing_else_is_special(
    pattern: str, text: str, fits: bool
) -> None:
    assert pattern_matches(pattern, text) is fits


@given(
    st.lists(st.text("ab", max_size=3), min_size=2, max_size=5),
    st.lists(st.text("ab"), min_size=4, max_size=4),
)
def test_a_pattern_covers_every_text_made_from_it(pieces: list[str], between: list[str]) -> None:
    text = pieces[0] + "".join(between[n] + piece for n, piece in enumerate(pieces[1:]))
    assert pattern_matches("*".join(pieces), text)


def test_a_pattern_of_many_stars_is_read_once() -> None:
    assert not pattern_matches("*a" * 100 + "b", "a" * 300)


# Typed


@pytest.mark.django_db
def test_setting_and_removing_a_price_is_in_the_log(alice: User) -> None:
    price = services.price_set(actor=alice, values=values())
    services.price_set(actor=alice, values=values(output=D("8.5"), cached=D("0.5")), price=price)
    services.price_remove(actor=alice, price=price)
    made, changed, removed = AuditEvent.objects.filter(action__startswith="price.").order_by("id")
    assert made.details == {"input": "2", "output": "8", "currency": "USD"}
    assert (changed.action, changed.target) == ("price.set", "model-a")
    assert changed.details == {"before": "2 8 USD", "now": "2 0.5 8.5 USD"}
    assert removed.action == "price.remove"


@pytest.mark.django_db
def test_a_price_that_was_removed_meanwhile_does_not_come_back(alice: User) -> None:
    price = services.price_set(actor=alice, values=values())
    Price.objects.all().delete()

    with pytest.raises(NotFound):
        services.price_set(actor=alice, values=values(input=D(7)), price=price)

    assert not Price.objects.exists()


@pytest.mark.django_db
def test_a_model_has_one_price_for_each_provider(alice: User) -> None:
    gateway = provider_make(None, actor=alice)
    services.price_set(actor=alice, values=values())
    services.price_set(actor=alice, values=values(provider=gateway))
    for provider in (None, gateway):
        with pytest.raises(InvalidValue) as refused:
            services.price_set(actor=alice, values=values(provider=provider))
        assert refused.value.field == "model"
    assert Price.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["0", "0.000000001", "0.1", "123456.123456789", "999999.999999999"])
def test_a_price_comes_back_as_it_was_typed(rate: str, alice: User) -> None:
    services.price_set(actor=alice, values=values(input=D(rate), cached=D(rate), output=D(rate)))
    kept = Price.objects.get()
    assert (kept.input, kept.cached, kept.output) == (D(rate), D(rate), D(rate))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "odd",
    [{"input": D(-1)}, {"output": D("1e15")}, {"currency": "usd"}, {"currency": "$"}, {"output": D("NaN")}],
)
def test_an_odd_price_is_refused(odd: dict[str, Any], alice: User) -> None:
    with pytest.raises(InvalidValue):
        services.price_set(actor=alice, values=values(**odd))
    assert not Price.objects.exists()


# From a file


def test_the_file_gives_prices_per_million_tokens() -> None:
    file = read(
        {
            "sample_spec": {"mode": "one of: chat, …", "input_cost_per_token": 0.0},
            "gpt-4o-mini": entry(
                cache_read_input_token_cost=7.5e-08, max_tokens="16384", supports_vision=True
            ),
            "deepseek/deepseek-chat": entry(litellm_provider="deepseek", input_cost_per_token="2.7e-7"),
            "openrouter/openai/gpt-4o": entry(litellm_provider="openrouter"),
            "vertex_ai/gemini-x": entry(litellm_provider="vertex_ai-language-models"),
            "org/own-name": entry(litellm_provider="openai"),
        }
    )
    assert file.entries == (
        Entry("openai", "gpt-4o-mini", D("0.150000000"), D("0.075000000"), D("0.600000000")),
        Entry("deepseek", "deepseek-chat", D("0.270000000"), None, D("0.600000000")),
        Entry("openrouter", "openai/gpt-4o", D("0.150000000"), None, D("0.600000000")),
        Entry("vertex_ai-language-models", "gemini-x", D("0.150000000"), None, D("0.600000000")),
        Entry("openai", "org/own-name", D("0.150000000"), None, D("0.600000000")),
    )
    assert file.skipped == {}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (entry(mode="embedding"), "kind"),
        (entry(mode=None), "kind"),
        (entry(input_cost_per_token=None), "price"),
        (entry(input_cost_per_token=True), "price"),
        (entry(input_cost_per_token=-1e-6), "price"),
        (entry(input_cost_per_token="free"), "price"),
        (entry(input_cost_per_token="1,5"), "price"),
        (entry(input_cost_per_token="٣"), "price"),
        (entry(output_cost_per_token={"value": 1}), "price"),
        (entry(output_cost_per_token=1e9), "price"),
        (entry(output_cost_per_token=1e-300), "price"),
        (entry(cache_read_input_token_cost="n/a"), "price"),
        (entry(litellm_provider=["openai"]), "odd"),
        (["no", "object"], "odd"),
        (None, "odd"),
        (3, "odd"),
    ],
)
def test_an_odd_entry_is_passed_over_with_its_reason(value: Any, reason: str) -> None:
    file = read({"good": entry(), "odd": value})
    assert [each.model for each in file.entries] == ["good"]
    assert file.skipped == {reason: 1}


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "1e-400", "1" * 5000, "1e99999999999999"]
)
def test_a_number_beyond_numbers_is_no_price(number: str) -> None:
    text = '{"good": %s, "odd": {"input_cost_per_token": %s, "output_cost_per_token": 1}}'
    file = prices_read((text % (json.dumps(entry()), number)).encode())
    assert (len(file.entries), file.skipped) == (1, {"price": 1})


@pytest.mark.parametrize("name", ["", " model", "a\u0000b", "\ud800", "a" * 301, "gpt-*", "a\nb"])
def test_a_name_that_no_model_can_have_is_passed_over(name: str) -> None:
    assert read({name: entry(), "good": entry()}).skipped == {"name": 1}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_json"),
        (b"model,price\n", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 100_000, "not_json"),
        (b"\xff\xfe\x00", "not_text"),
        (b"[]", "not_prices"),
        (b"{}", "not_prices"),
        (b"12", "not_prices"),
        (b" " * (MAX_BYTES + 1), "too_large"),
        (b"{" + b",".join(b'"%d":0' % n for n in range(20_001)) + b"}", "too_many"),
    ],
)
def test_what_is_no_list_of_prices_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(PricesUnreadable) as refused:
        prices_read(data)
    assert refused.value.code == code


def test_a_model_that_stands_twice_with_two_prices_has_none() -> None:
    one, two = json.dumps(entry()), json.dumps(entry(output_cost_per_token=1e-5))
    file = prices_read(f'{{"a": {one}, "a": {two}, "b": {one}, "b": {one}}}'.encode())
    assert ([each.model for each in file.entries], file.skipped) == (["b"], {"ambiguous": 1})


def test_a_member_that_stands_twice_makes_an_entry_odd() -> None:
    text = (
        b'{"a": {"input_cost_per_token": 1, "input_cost_per_token": 2, "output_cost_per_token": 1}, "b": 1}'
    )
    assert prices_read(text).skipped == {"odd": 2}


def test_of_all_vendors_only_what_has_one_price_is_taken() -> None:
    file = read(
        {
            "gpt-4o": entry(),
            "azure/gpt-4o": entry(litellm_provider="azure"),
            "llama": entry(litellm_provider="groq"),
            "deepinfra/llama": entry(litellm_provider="deepinfra", output_cost_per_token=9e-7),
            "free/one": entry(litellm_provider="free", input_cost_per_token=0, output_cost_per_token=0.0),
        }
    )
    everyone = entries_choose(file)
    assert ([each.model for each in everyone.entries], everyone.skipped) == (
        ["gpt-4o"],
        {"ambiguous": 1, "free": 1},
    )
    groq = entries_choose(file, vendor="groq")
    assert ([each.model for each in groq.entries], groq.skipped) == (["llama"], {})
    assert [each.model for each in entries_choose(file, vendor="free", free=True).entries] == ["one"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=4)
    ),
    max_leaves=20,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "input_cost_per_token": JSON | st.floats(0, 1),
        "output_cost_per_token": JSON | st.floats(0, 1),
        "cache_read_input_token_cost": JSON | st.floats(0, 1),
        "litellm_provider": JSON | st.sampled_from(["openai", "azure"]),
        "mode": JSON | st.just("chat"),
    },
)


@given(st.dictionaries(st.text(max_size=8), MEMBERS | JSON, max_size=5) | JSON)
def test_whatever_a_file_holds_gives_sane_prices_or_is_refused(document: Any) -> None:
    try:
        file = prices_read(json.dumps(document).encode())
    except PricesUnreadable:
        return
    for each in file.entries:
        for rate in (each.input, each.output, *([] if each.cached is None else [each.cached])):
            assert 0 <= rate < MAX_RATE
            assert rate == rate.quantize(D("1e-9"))
        assert each.model.strip() == each.model != ""


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(PricesUnreadable):
        prices_read(data)


@pytest.mark.django_db
def test_an_import_writes_what_is_new_and_what_changed_and_leaves_the_rest(alice: User) -> None:
    services.price_set(actor=alice, values=values("same", input=D("0.15"), output=D("0.6")))
    services.price_set(actor=alice, values=values("changed"))
    services.price_set(actor=alice, values=values("unnamed"))
    since = dict(Price.objects.values_list("model", "since"))
    chosen = entries_choose(read({"same": entry(), "changed": entry(), "new": entry()}))
    assert services.prices_compare(provider=None, entries=chosen.entries) == services.PriceChanges(1, 1, 1)
    assert services.prices_import(actor=alice, provider=None, entries=chosen.entries).new == 1
    kept = {price.model: price for price in Price.objects.all()}
    assert (kept["changed"].input, kept["new"].output, kept["unnamed"].input) == (D("0.15"), D("0.6"), D(2))
    assert kept["same"].since == since["same"] < kept["changed"].since
    again = services.prices_import(actor=alice, provider=None, entries=chosen.entries)
    assert again == services.PriceChanges(0, 0, 3)
    logged = AuditEvent.objects.filter(action="price.import").order_by("id")
    assert [event.details for event in logged] == [{"new": 1, "changed": 1}, {"new": 0, "changed": 0}]


@pytest.mark.django_db
def test_an_import_for_one_provider_leaves_the_prices_of_all_others(alice: User) -> None:
    gateway = provider_make(None, actor=alice)
    services.price_set(actor=alice, values=values("model-a"))
    chosen = entries_choose(read({"model-a": entry()}))
    services.prices_import(actor=alice, provider=gateway, entries=chosen.entries)
    assert {(price.provider_id, price.input) for price in Price.objects.all()} == {
        (None, D(2)),
        (gateway.pk, D("0.15")),
    }


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_write_each_price_once(alice: User) -> None:
    chosen = entries_choose(read({f"model-{number}": entry() for number in range(300)}))
    one = partial(services.prices_import, actor=alice, provider=None, entries=chosen.entries)

    done = at_once(one, one)

    assert sorted((each.new, each.same) for each in done) == [(0, 300), (300, 0)]
    assert Price.objects.count() == 300
