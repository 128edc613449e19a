"""The rows show what is sent, and switching one on begins with what the reference documents."""

import json

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from playground.parameter_notes import notes_of, range_phrase
from playground.parameter_rows import Row, control_for, parameter_groups
from upstream import catalog
from upstream.catalog import Parameter


def row(api: str, name: str, source: str | None = None) -> Row:
    groups = parameter_groups(api=catalog.api(api), parameters={} if source is None else {name: source})
    rows = [*groups.sent, *(each for group in groups.groups for each in group.rows)]
    return next(each for each in rows if each.name == name)


def parameter(api: str, name: str) -> Parameter:
    found = catalog.api(api).parameter(name)
    assert found is not None
    return found


@pytest.mark.parametrize("api", catalog.API_IDS)
def test_every_parameter_has_one_row_in_its_group(api: str) -> None:
    groups = parameter_groups(api=catalog.api(api), parameters={})

    shown = [each.name for group in groups.groups for each in group.rows]
    assert sorted(shown) == sorted(each.name for each in catalog.api(api).parameters)
    assert groups.sent == ()


def test_rows_that_are_sent_stand_on_top_in_the_order_of_the_body() -> None:
    groups = parameter_groups(
        api=catalog.api("openai-chat"), parameters={"top_p": "1.0", "stop": "null", "temperature": "0.70"}
    )

    assert [(each.name, each.state, each.text) for each in groups.sent] == [
        ("top_p", "value", "1.0"),
        ("stop", "null", ""),
        ("temperature", "value", "0.70"),
    ]
    assert not any(each.name == "top_p" for group in groups.groups for each in group.rows)


@pytest.mark.parametrize(
    ("api", "name", "source"),
    [
        ("siliconflow-chat", "temperature", "0.7"),  # as documented
        ("siliconflow-chat", "stop", ""),  # documented null: begins blank
        ("openai-chat", "parallel_tool_calls", "true"),
        ("generic", "logprobs", "true"),  # nothing documented: what one switches it on for
        ("openai-chat", "response_format", '{"type": "json_object"}'),
        ("generic", "temperature", ""),
        ("llama-cpp", "stop", ""),
    ],
)
def test_switching_on_begins_with_what_is_documented(api: str, name: str, source: str) -> None:
    assert (row(api, name).state, row(api, name).source) == ("unset", source)


def test_reset_goes_back_to_how_a_new_column_has_it() -> None:
    stream, seed = row("generic", "stream", "false"), row("generic", "seed", "7")

    assert (stream.reset_state, stream.reset_source) == ("value", "true")
    assert (seed.reset_state, seed.reset_source) == ("unset", "")


@pytest.mark.parametrize(
    ("name", "source", "control"),
    [
        ("temperature", "0.70", "slider"),
        ("temperature", "warm", "slider"),
        ("temperature", '"warm"', "slider"),
        ("temperature", "[1]", "json"),
        ("seed", "1e400", "integer"),
        ("stream", "true", "boolean"),
        ("stream", "1", "json"),
        ("reasoning_effort", '"low"', "select"),
        ("reasoning_effort", "7", "json"),
        ("tool_choice", '{"type": "function"}', "select"),
        ("tool_choice", '"{looks like an object"', "json"),
        ("user", '"alice"', "text"),
        ("user", '"two\\nlines"', "json"),
        ("stop", '["a", "b"]', "list"),
        ("stop", '"a"', "list"),
        ("stop", "[1]", "json"),
        ("logit_bias", '{"1": -1.50}', "pairs"),
        ("logit_bias", '{"1": "x"}', "json"),
        ("metadata", '{"a": "b"}', "pairs"),
        ("metadata", '{"a": 1}', "json"),
        ("tools", "[]", "json"),
        ("tools", "[", "json"),
    ],
)
def test_a_value_its_control_cannot_show_is_shown_as_json(name: str, source: str, control: str) -> None:
    assert control_for(parameter("openai-chat", name), source) == control


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("user", '"\\ud800"'),
        ("metadata", '{"a": "\\udfff"}'),
        ("metadata", '{"\\ud800": "a"}'),
        ("logit_bias", '{"\\ud800": -101}'),
        ("stop", '["\\ud800"]'),
        ("reasoning_effort", '"\\ud800"'),
        ("response_format", '{"\\ud800": 1, "type": "\\ud800"}'),
    ],
)
def test_half_a_character_is_shown_as_json_spells_it(name: str, source: str) -> None:
    """No page could be written with one in it."""
    for each in parameter_groups(api=catalog.api("openai-chat"), parameters={name: source}).sent:
        shown = [each.text, *(entry.name + entry.text for entry in each.entries)]
        for text in (*shown, *(note.text for note in each.notes)):
            assert text.encode().decode() == text
        assert "\\ud" in "".join([*shown, each.source])


def test_entries_keep_their_literals() -> None:
    stops = row("openai-chat", "stop", '["\\n", "é\\u00e9"]').entries
    biases = row("openai-chat", "logit_bias", '{"50256": -1.50}').entries
    tags = row("openai-chat", "metadata", '{"team": "a \\"b\\""}').entries

    assert [each.text for each in stops] == ['"\\n"', '"é\\u00e9"']
    assert [(each.name, each.text) for each in biases] == [("50256", "-1.50")]
    assert [(each.name, each.text) for each in tags] == [("team", 'a "b"')]


SOURCES = st.text() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
).map(json.dumps)


@given(source=SOURCES, api=st.sampled_from(catalog.API_IDS), data=st.data())
def test_any_value_can_be_shown(source: str, api: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([each.name for each in catalog.api(api).parameters]))
    groups = parameter_groups(api=catalog.api(api), parameters={name: source, "unknown": source})

    html = render_to_string("playground/_parameters.html", {"parameter_groups": groups})

    assert f'data-param="{name}"' in html
    assert json.loads(groups.json) == {name: source, "unknown": source}


@pytest.mark.parametrize("api", catalog.API_IDS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_control_is_named_as_the_api_names_it(api: str, language: str) -> None:
    entry = catalog.api(api)
    sources = {each.name: each.default or each.example or "null" for each in entry.parameters}
    with translation.override(language):
        groups = parameter_groups(api=entry, parameters=sources)
        html = render_to_string("playground/_parameters.html", {"parameter_groups": groups})

    for each in groups.sent:
        assert f'for="p-{each.name}">{each.name}</label>' in html or f'aria-label="{each.name}"' in html
        assert each.parameter.help.in_language(language).split("'")[0].split('"')[0] in html


def test_what_the_api_does_not_know_is_extra() -> None:
    groups = parameter_groups(
        api=catalog.api("siliconflow-vision"), parameters={"seed": "7", "n": "1", "min_p": "0.10"}
    )

    assert groups.extra.text == '{\n  "seed": 7,\n  "min_p": 0.10\n}'
    assert groups.extra.notes == ()


def test_a_broken_extra_object_is_shown_as_typed() -> None:
    groups = parameter_groups(api=catalog.api("generic"), parameters={"": "{oops"})

    assert groups.extra.text == "{oops"
    assert [note.level for note in groups.extra.notes] == ["bad"]


def test_taking_the_place_of_the_conversation_is_warned_about() -> None:
    groups = parameter_groups(api=catalog.api("generic"), parameters={"messages": "[]"})

    assert [note.text for note in groups.extra.notes] == [
        "messages here takes the place of the one the page would send."
    ]


# ---------------------------------------------------------------------------- what is said


@pytest.mark.parametrize(
    ("api", "name", "source", "said", "fix"),
    [
        ("siliconflow-chat", "max_tokens", "20000", "Documented: 1 to 16384. Sent as typed.", "16384"),
        (
            "siliconflow-vision",
            "max_tokens",
            "1",
            "Documented: more than 1, less than 4096. Sent as typed.",
            "2",
        ),
        (
            "gateway-vision",
            "temperature",
            "0.7",
            "Documented: a whole number; this is a number. Sent as typed.",
            "",
        ),
        ("openai-chat", "modalities", '["smell"]', "Documented: text, audio. Sent as typed.", ""),
        (
            "openai-chat",
            "stop",
            "7",
            "Documented: text or a list or null; this is a whole number. Sent as typed.",
            "",
        ),
        (
            "siliconflow-chat",
            "stop",
            '["a","b","c","d","e"]',
            "Documented: at most 4 entries; there are 5. Sent as typed.",
            "",
        ),
        (
            "openai-chat",
            "logit_bias",
            '{"1": 200}',
            "logit_bias.1: Documented: -100 to 100. Sent as typed.",
            "",
        ),
    ],
)
def test_a_doubt_is_said_in_words_and_does_not_block(
    api: str, name: str, source: str, said: str, fix: str
) -> None:
    (note,) = notes_of(parameter(api, name), source, "")

    assert (note.level, note.text, note.fix) == ("warn", said, fix)


def test_a_parameter_of_other_models_is_said() -> None:
    effort = parameter("openai-chat", "reasoning_effort")

    assert notes_of(effort, '"low"', "o3-mini") == ()
    (note,) = notes_of(effort, '"low"', "gpt-4o")
    assert note.text.startswith("Documented for other models (o1*, ")


@pytest.mark.parametrize(
    ("api", "name", "phrase"),
    [
        ("openai-chat", "temperature", "0 to 2"),
        ("siliconflow-vision", "max_tokens", "more than 1, less than 4096"),
        ("generic", "temperature", ""),
    ],
)
def test_a_range_in_words(api: str, name: str, phrase: str) -> None:
    assert range_phrase(parameter(api, name)) == phrase
