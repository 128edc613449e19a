"""The preview is the body that would be sent, laid out for reading."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from playground.json_rows import Row
from playground.preview import BODY_MAX, MESSAGES_MAX, PreviewView, message_summary, preview_build
from tests.playground.test_parameter_rows import SOURCES
from upstream import catalog

MESSAGES = (
    {"role": "system", "content": "Be brief, and quote your sources."},
    {"role": "user", "content": "Why?"},
)


def preview(
    parameters: Mapping[str, str], *, api: str = "siliconflow-chat", base_url: str = "https://a.example/v1"
) -> PreviewView:
    return preview_build(
        api=catalog.api(api),
        base_url=base_url,
        model="Qwen/QwQ-32B",
        messages=MESSAGES,
        parameters=parameters,
    )


def texts(rows: tuple[Row, ...]) -> list[str]:
    return ["".join(piece.text for piece in row.pieces) for row in rows]


def test_it_shows_what_is_sent_with_its_literals() -> None:
    view = preview({"temperature": "0.70", "stop": "null", "response_format": '{"type":"json_object"}'})

    assert (view.method, view.url, view.problem) == ("POST", "https://a.example/v1/chat/completions", "")
    assert texts(view.before) == ["{", '  "model": "Qwen/QwQ-32B",']
    assert texts(view.after) == [
        '  "temperature": 0.70,',
        '  "stop": null,',
        '  "response_format": { "type": "json_object" }',
        "}",
    ]
    assert json.loads(view.body)["messages"] == list(MESSAGES)
    assert view.size == len(view.body.encode())


def test_messages_are_folded_to_words() -> None:
    view = preview({})

    assert view.summary == "2 messages"
    assert texts(view.messages)[-1] == "  ]"
    html = render_to_string("playground/_preview.html", {"preview": view})
    assert (
        '"messages": [<button type="button" class="fold-json" aria-expanded="false" data-preview-fold>2 messages</button>'
        in html
    )


def test_of_a_long_conversation_the_newest_messages_can_be_unfolded_and_all_are_counted() -> None:
    said = [{"role": "user", "content": f"Question {number} " + "x" * 80} for number in range(2_000)]
    view = preview_build(
        api=catalog.api("siliconflow-chat"),
        base_url="https://a.example/v1",
        model="m",
        messages=said,
        parameters={"temperature": "0.7"},
    )

    assert view.summary == "2000 messages"
    assert view.size > 2_000 * 90
    lines = texts(view.messages)
    assert (lines[0], len(lines)) == ("    …", MESSAGES_MAX + 1)
    assert any("Question 1999 " in line for line in lines)
    assert texts(view.after) == ['  "temperature": 0.7', "}"], "what comes after the messages is shown, too"


def test_images_are_counted_and_weighed() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 50_644}}
    link = {"type": "image_url", "image_url": {"url": "https://a.example/cat.png"}}

    assert message_summary([{"role": "user", "content": [image, link]}]) == "1 message, 2 images of 38 kB"
    assert message_summary([{"role": "user", "content": [link]}]) == "1 message, 1 image"
    assert message_summary([{"role": "user", "content": None}, {"role": "user"}]) == "2 messages"


def test_lines_with_a_doubt_or_an_error_are_marked_and_explained() -> None:
    view = preview({"max_tokens": "20000", "n": "seven", "top_p": "0.5"})

    assert dict(view.marks) == {"max_tokens": "warn", "n": "bad"}
    assert '  "n": seven,' in texts(view.after)
    assert [(each.name, each.level) for each in view.notes] == [("max_tokens", "warn"), ("n", "bad")]
    assert view.body == ""
    html = render_to_string("playground/_preview.html", {"preview": view})
    assert '<span class="row row--warn">' in html
    assert '<span class="row row--bad">' in html
    assert 'data-notes-of="max_tokens"' in html
    assert 'data-param-fix="16384"' in html


def test_a_broken_extra_object_is_shown_as_a_broken_line() -> None:
    view = preview({"n": "1", "": "{oops <b>"})

    assert texts(view.after)[-2:] == ["  {oops <b>", "}"]
    html = render_to_string("playground/_preview.html", {"preview": view})
    assert "{oops &lt;b&gt;" in html
    assert html.count("row--bad") == 1


def test_a_parameter_may_take_the_place_of_the_messages() -> None:
    view = preview({"messages": '[{"role": "user", "content": "raw"}]'})

    assert view.summary == ""
    assert '"raw"' in "".join(texts(view.rows))


def test_a_very_long_value_is_counted_instead_of_shown() -> None:
    source = json.dumps(["x" * 100] * 2_000)

    view = preview({"tools": source, "n": "1"})

    assert f'  "tools": {len(source)} characters,' in texts(view.after)
    assert view.size > len(source) > BODY_MAX
    assert view.body == ""


@pytest.mark.parametrize("base_url", ["ftp://a.example", "a.example/v1", "https://"])
def test_an_address_that_cannot_be_called_is_said(base_url: str) -> None:
    view = preview({"n": "x"}, base_url=base_url)

    assert view.problem
    assert view.rows == ()
    assert [each.name for each in view.notes] == ["n"]


def test_without_a_provider_the_body_is_shown_all_the_same() -> None:
    view = preview({}, base_url="")

    assert view.problem == "Choose a provider to see where this goes."
    assert view.url == ""
    assert "provider.invalid" not in render_to_string("playground/_preview.html", {"preview": view})
    assert view.rows


def test_nothing_is_shown_before_there_is_a_preview() -> None:
    assert "<pre" not in render_to_string("playground/_preview.html", {})


@given(
    parameters=st.dictionaries(
        st.sampled_from(["", "temperature", "tools", "stop", "messages", "model", "x", "__proto__"]), SOURCES
    ),
    content=st.text() | st.none() | st.lists(st.dictionaries(st.text(), st.text())),
    api=st.sampled_from(catalog.API_IDS),
)
def test_anything_typed_has_a_preview(parameters: dict[str, str], content: Any, api: str) -> None:
    view = preview_build(
        api=catalog.api(api),
        base_url="https://a.example",
        model="m",
        messages=[{"role": "user", "content": content}],
        parameters=parameters,
    )

    html = render_to_string("playground/_preview.html", {"preview": view})
    assert view.problem or "data-preview-rows" in html
