"""What holds for every template and style sheet, whoever wrote it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

from playground.view_models import ErrorView, MessageView, StatsView, ToolCallView
from playground.views.faults import bad_request

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
STATES = ("queued", "streaming", "completed", "stopped", "failed", "interrupted")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_comments(path: Path) -> str:
    return re.sub(r"{#.*?#}", "", path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_compiles_and_says_first_what_it_is(path: Path) -> None:
    get_template(path.relative_to(ROOT / "templates").as_posix())

    assert path.read_text().startswith("{# ")


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_template_needs_a_hole_in_the_security_policy(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\s(on[a-z]+|hx-on[:\w-]*)=", text)
    assert not re.search(r"<style\b|<script(?![^>]*\bsrc=)|javascript:", text)


@pytest.mark.parametrize("path", STYLES, ids=name_of)
def test_components_use_meanings_not_raw_values(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)

    if path.name != "tokens.css":
        assert "--raw-" not in text
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", text)
    assert "url(" not in text


def test_every_style_sheet_is_in_one_bundle() -> None:
    bundles = ("app.css", "around.css", "counting.css", "reading.css")
    texts = [(ROOT / "static" / "css" / name).read_text() for name in bundles]

    imported = [
        found for text in texts for found in re.findall(r'@import "\./([\w-]+\.css)" layer\(\w+\);', text)
    ]
    assert sorted(imported) == sorted({path.name for path in STYLES} - set(bundles))


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'id="i-([\w-]+)"', (ROOT / "templates" / "_sprite.html").read_text()))

    used = {
        name
        for path in [*TEMPLATES, *(ROOT / "static" / "js").rglob("*.js")]
        for name in re.findall(
            r'{% icon "([\w-]+)"|\bicon\("([\w-]+)"|href="#i-([\w-]+)"', without_comments(path)
        )
        for name in name
        if name
    }
    assert used <= sprite


@pytest.mark.parametrize("state", STATES)
def test_an_answer_keeps_the_contract_in_every_state(state: str) -> None:
    message = MessageView(
        id=UUID(int=1),
        role="assistant",
        text='<b>"bold"</b>\n\n  & more',
        state=state,
        conversation=UUID(int=2),
        exchange=UUID(int=3),
        choice=1,
        model="a-model",
        created=datetime(2026, 11, 21, 14, 32, 6, tzinfo=UTC),
        reasoning="because",
        tool_calls=(ToolCallView("call_1", "get_weather", '{"city": "<Berlin>"}'),),
        stats=StatsView(
            tokens_in=1418,
            tokens_out=634,
            ttft_ms=612.4,
            tokens_per_second=48.1,
            total_ms=13_810,
            reasoning_ms=4790.0,
        ),
        error=ErrorView("rate_limited", "Too many requests.", "Wait a moment.")
        if state == "failed"
        else None,
    )

    shown = render_to_string(
        "playground/_message.html", {"message": message}, request=RequestFactory().get("/")
    )

    opening = shown[: shown.index(">", shown.index("<article"))]
    for attribute in (
        'id="message-00000000-0000-0000-0000-000000000001"',
        'aria-label="Assistant message"',
        'data-role="assistant"',
        f'data-state="{state}"',
        'data-exchange="00000000-0000-0000-0000-000000000003"',
        'data-choice="1"',
    ):
        assert attribute in opening
    assert ("aria-busy" in opening) == (state in ("queued", "streaming"))
    assert '<pre data-source dir="auto">&lt;b&gt;&quot;bold&quot;&lt;/b&gt;\n\n  &amp; more</pre>' in shown
    assert "<Berlin>" not in shown
    assert 'aria-label="Statistics"' in shown
    assert ("Too many requests." in shown) == (state == "failed")


@pytest.mark.parametrize(("role", "label"), [("user", "User message"), ("tool", "Tool message")])
def test_other_messages_are_named_by_their_role(role: str, label: str) -> None:
    message = MessageView(id=UUID(int=1), role=role, text="two\nlines")

    shown = render_to_string("playground/_message.html", {"message": message})

    assert f'aria-label="{label}"' in shown
    assert ">two\nlines</div>" in shown


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "403_csrf"])
def test_a_fault_page_needs_no_context_and_no_script(name: str) -> None:
    page = render_to_string(f"{name}.html")

    assert "<h1>" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (RequestDataTooBig(), 413, "This is too much at once"),
        (SuspiciousOperation(), 400, "This request could not be read"),
    ],
)
def test_a_request_that_django_refuses_gets_a_page_that_says_why(
    error: SuspiciousOperation, status: int, words: str
) -> None:
    answer = bad_request(RequestFactory().post("/"), error)
    page = answer.content.decode()
    assert (answer.status_code, f"<h1>{words}" in re.sub(r">\s+", ">", page)) == (status, True)
    assert re.search(rf'class="fault__code">\s*{status}\s*<', page)
