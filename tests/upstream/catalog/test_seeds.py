"""The catalog holds everything the four reference texts say."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

import pytest

from tests.upstream.catalog.seeds import (
    Fact,
    missing,
    read_json_shapes,
    read_listed,
    read_named_blocks,
    read_sentences,
    seed_text,
    sentences,
)
from upstream import catalog
from upstream.catalog import Api, Field

F = TypeVar("F", bound=Field)
SEEDS = {
    "000": "siliconflow-vision",
    "001": "siliconflow-chat",
    "002": "openai-chat",
    "003": "gateway-vision",
}


def facts_of(number: str) -> list[Fact]:
    text = seed_text(number)
    match number:
        case "000":
            return list(read_named_blocks(text))
        case "001":
            return list(read_sentences(text, sentences(seed_text("000"))))
        case "002":
            return list(read_json_shapes(text))
    return list(read_listed(text, catalog.api(SEEDS[number])))


@pytest.mark.parametrize("number", SEEDS)
def test_nothing_of_a_reference_text_is_missing(number: str) -> None:
    assert missing(facts_of(number), catalog.api(SEEDS[number])) == []


@pytest.mark.parametrize(
    ("number", "facts", "defaults", "ranges", "choices"),
    [("000", 38, 12, 1, 20), ("001", 13, 9, 1, 32), ("002", 124, 0, 0, 0), ("003", 53, 0, 4, 0)],
)
def test_the_readers_find_what_the_eye_finds(
    number: str, facts: int, defaults: int, ranges: int, choices: int
) -> None:
    """Counted by hand in the texts, so that a reader that goes blind is noticed."""
    found = facts_of(number)

    with_default = [fact for fact in found if fact.default is not Fact(section="", path="").default]
    assert (len(found), len(with_default)) == (facts, defaults)
    assert sum(fact.low is not None for fact in found) == ranges
    assert sum(len(fact.enum) for fact in found) == choices


@pytest.mark.parametrize("number", SEEDS)
def test_the_comparison_notices_each_member_that_is_taken_away(number: str) -> None:
    api, facts = catalog.api(SEEDS[number]), facts_of(number)
    paths = {(fact.section, fact.path) for fact in facts if fact.path}

    unnoticed = [each for each in paths if not missing(facts, changed(api, *each, lambda _: None))]

    assert unnoticed == []


@pytest.mark.parametrize("number", SEEDS)
def test_the_comparison_notices_each_changed_fact(number: str) -> None:
    api, facts = catalog.api(SEEDS[number]), facts_of(number)

    unnoticed = [
        (fact.path, name)
        for fact in facts
        if fact.path
        for name, change in changes(fact)
        if not missing([fact], changed(api, fact.section, fact.path, change))
    ]

    assert unnoticed == []


@pytest.mark.parametrize("number", ["000", "002", "003"])
def test_method_and_path_are_the_documented_ones(number: str) -> None:
    head = re.sub(r"\s", "", seed_text(number))
    match = re.search(r"(GET|POST)(/v1)?(/chat/completions)", head)
    api = catalog.api(SEEDS[number])

    assert match is not None
    assert (api.method, api.path) == (match[1], match[3])


@pytest.mark.parametrize("number", SEEDS)
def test_the_api_names_the_reference_it_was_written_from(number: str) -> None:
    assert catalog.api(SEEDS[number]).references[0].id == number


def changes(fact: Fact) -> Iterator[tuple[str, Callable[[Field], Field]]]:
    """The ways in which a catalog entry could be wrong about this fact."""
    blank = Fact(section=fact.section, path=fact.path)
    if fact.type:
        yield "type", lambda field: replace(field, types=("no such type",))
    if fact.default is not blank.default:
        yield "default", lambda field: replace(field, default='"something else"')
    if fact.shown is not blank.shown:
        yield "example", lambda field: replace(field, default=None, example=None, enum=())
    if fact.low:
        yield "minimum", lambda field: replace(field, exclusive_minimum=not field.exclusive_minimum)
    if fact.high:
        yield "maximum", lambda field: replace(field, maximum=None)
    if fact.max_items:
        yield "max_items", lambda field: replace(field, max_items=None)
    if fact.required:
        yield "required", lambda field: replace(field, required=False)
    for choice in fact.enum:
        yield choice, partial(_without_choice, choice)


def _without_choice(choice: str, field: Field) -> Field:
    return replace(field, enum=tuple(each for each in field.enum if each != choice))


def changed(api: Api, section: str, path: str, change: Callable[[Field], Field | None]) -> Api:
    """Return the API with one member changed, or taken away where `change` returns None."""

    def apply(fields: tuple[F, ...]) -> tuple[F, ...]:
        results = ((change(field) if field.path == path else field) for field in fields)
        return tuple(cast(F, result) for result in results if result is not None)

    if section == "headers":
        return replace(api, headers=apply(api.headers))
    if section == "response":
        return replace(api, response_fields=apply(api.response_fields))
    parameters = apply(tuple(replace(each, fields=apply(each.fields)) for each in api.parameters))
    return replace(api, parameters=parameters, request_fields=apply(api.request_fields))
