"""In the page: the request as code, exports, an import with its preview, the same bytes once more."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.accessibility import violations
from tests.browser.workbench import Workbench
from tests.chromium import PATIENCE
from tests.fakes import FakeUpstream, Stream
from tests.served import Installation, ServedProcess

QUESTION = 'it\'s "so" $HOME 中文 😀'


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as up:
        up.script("model-a", Stream(text=["An", " answer."]))
        yield up


@pytest.fixture(scope="module")
def served(shared_installation: Installation, upstream: FakeUpstream) -> ServedProcess:
    provider = {
        "base_url": upstream.base_url,
        "api": "generic",
        "key": "",
        "auth": "none",
        "models": ["model-a"],
    }
    return shared_installation.serve(
        PLAYGROUND_PRIVATE_HOSTS=upstream.address,
        PLAYGROUND_PROVIDERS=json.dumps([provider | {"name": name} for name in ("Gateway", "Other")]),
    )


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, served: ServedProcess) -> Iterator[Any]:
    """Sign Alice up once; return her session."""
    context = chromium.new_context(locale="en-US")
    Workbench(context.new_page(), served).sign_up()
    yield context.storage_state()
    context.close()


@pytest.fixture
def bench(context: BrowserContext, page: Page, served: ServedProcess, signed_in: Any) -> Workbench:
    """Alice at a conversation with one answer."""
    context.add_cookies(signed_in["cookies"])
    page.goto(f"{served.url}/")
    bench = Workbench(page, served)
    page.get_by_role("button", name="New chat").first.click()
    expect(bench.answers).to_have_count(0)
    bench.choose("Gateway", "model-a")
    bench.say(QUESTION)
    bench.expect_state("completed")
    return bench


def test_the_code_in_several_languages_with_the_keyboard(bench: Workbench) -> None:
    page = bench.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel = bench.inspect("Code")
    language = panel.get_by_role("combobox", name="Language")
    code = panel.locator("#code-sample")
    for name, piece in {
        "Go": "http.NewRequest",
        "Dart": "HttpClient()",
        "Python (OpenAI SDK)": "from openai import OpenAI",
        "Ruby": "Net::HTTP",
    }.items():
        language.focus()
        language.select_option(label=name)
        expect(code).to_contain_text(piece)
        expect(language).to_be_focused()
    expect(code.locator(".s").first).to_be_visible()
    assert violations(page) == []
    panel.get_by_role("button", name="Copy", exact=True).click()
    expect(panel.get_by_role("button", name="Copied")).to_be_visible()
    assert "Net::HTTP" in page.evaluate("navigator.clipboard.readText()")
    page.reload()
    expect(bench.inspect("Code").get_by_role("combobox", name="Language")).to_have_value("ruby")


def test_a_conversation_goes_out_and_comes_in_again(bench: Workbench, tmp_path: Path) -> None:
    page = bench.page
    page.locator("summary[aria-label='Export']").click()
    with page.expect_download() as download:
        page.locator(".head").get_by_role("link", name="Export as JSON", exact=True).click()
    assert download.value.suggested_filename.endswith(".json")
    file = tmp_path / "conversation.json"
    download.value.save_as(file)
    assert json.loads(file.read_text())["format"] == "chat-playground"

    page.goto(f"{bench.server.url}/import/")
    page.get_by_label("Choose a file").set_input_files(file)
    found = page.get_by_role("region", name="What will be made")
    expect(found).to_contain_text("2 messages")
    assert violations(page) == []
    found.get_by_role("button", name="Import").click()
    expect(bench.answers.last).to_contain_text("An answer.")
    expect(bench.questions.last).to_contain_text(QUESTION)


def test_a_pasted_command_is_shown_before_it_becomes_a_conversation(bench: Workbench) -> None:
    page = bench.page
    page.goto(f"{bench.server.url}/import/")
    box = page.get_by_label("Paste here")
    box.fill("curl https://h -d @body.json")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("body.json")
    expect(box).to_have_value("curl https://h -d @body.json")

    command = (
        "curl https://api.example.com/v1/chat/completions -H 'Authorization: Bearer sk-0123456789abcdefghij' "
        """-d '{"model":"model-a","temperature":0.70,"messages":[{"role":"system","content":"Be brief"},"""
        """{"role":"user","content":"From elsewhere"}]}'"""
    )
    box.fill(command)
    page.get_by_role("button", name="Preview").click()
    found = page.get_by_role("region", name="What will be made")
    expect(found).to_contain_text("From elsewhere")
    expect(found).to_contain_text("Authorization")
    found.get_by_role("button", name="Import").click()
    expect(bench.questions.last).to_contain_text("From elsewhere", timeout=PATIENCE)
    expect(page.get_by_role("textbox", name="System prompt")).to_have_value("Be brief")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("model-a")
    expect(page.get_by_label("temperature", exact=True).first).to_have_value("0.70")


def test_the_same_bytes_once_more_stand_beside_the_first(bench: Workbench, upstream: FakeUpstream) -> None:
    page = bench.page
    first = upstream.requests[-1].body
    bench.inspect("Code").get_by_role("link", name="Run again").click()
    page.get_by_label("Send to").select_option(label="Other")
    assert violations(page) == []
    page.get_by_role("button", name="Run again").click()
    again = page.get_by_role("region", name="Answer to the same request")
    expect(again.get_by_role("article")).to_have_attribute("data-state", "completed", timeout=PATIENCE)
    expect(again).to_contain_text("An answer.")
    expect(page.get_by_role("region", name="First answer")).to_contain_text("An answer.")
    assert upstream.requests[-1].body == first
    assert violations(page) == []
    page.get_by_role("link", name="Back to the conversation").click()
    expect(bench.answers).to_have_count(1)
    expect(page.get_by_text(re.compile("2 ?/ ?2")).first).to_be_visible()
