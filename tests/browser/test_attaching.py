"""Images, sounds and files on their way from a person to the API, and back onto the page."""

import base64
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.attaching import Composer, length_of
from tests.browser.house import House, house_open, provider_at
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.pictures import picture, sound
from tests.replies import Http
from tests.served import Installation

PNG = picture("PNG", size=(320, 200))
JPEG = picture("JPEG", size=(64, 64), colour="#c0392b")


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    providers = (
        provider_at(shared_upstream, api="openai-chat"),
        provider_at(shared_upstream, name="Vision", api="siliconflow-vision", models=["TeleAI/TeleMM"]),
    )
    return house_open(shared_installation, *providers, hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    bench = house.enter(page)
    bench.choose("Gateway", "m")
    return bench


@pytest.fixture
def composer(bench: Workbench) -> Composer:
    return Composer(bench)


def data_url(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def said(upstream: FakeUpstream) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = upstream.requests[-1].json["messages"]
    return messages


def test_images_chosen_pasted_and_dropped_are_sent_byte_for_byte_in_order(
    composer: Composer, upstream: FakeUpstream
) -> None:
    bench, page = composer.bench, composer.page
    composer.choose(("one.png", "image/png", PNG))
    expect(composer.chips).to_have_count(2)  # the text, and the image
    expect(composer.chips.nth(1)).to_contain_text("320 × 200")
    composer.paste(("two.jpg", "image/jpeg", JPEG))
    expect(composer.chips).to_have_count(3)
    dragged = composer.drag_over(("three.wav", "audio/wav", sound()))
    expect(page.locator("[data-drop]")).to_be_visible()
    composer.drop(dragged)
    expect(page.locator("[data-drop]")).to_have_count(0)
    expect(composer.chips).to_have_count(4)
    composer.chips.nth(1).get_by_role("combobox", name="Detail of one.png").select_option("high")
    composer.chips.nth(2).get_by_role("button", name="Move two.jpg forward").click()
    composer.chips.nth(1).get_by_role("button", name="Move two.jpg forward").click()
    bench.message.fill("What is this?")
    expect(composer.chips.nth(0)).to_contain_text("two.jpg")

    page.reload()  # everything is still there
    expect(composer.chips).to_have_count(4)
    expect(bench.message).to_have_value("What is this?")
    bench.send_button.click()
    bench.expect_state("completed")
    assert said(upstream) == [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": data_url("image/jpeg", JPEG)}},
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": data_url("image/png", PNG), "detail": "high"}},
                {
                    "type": "input_audio",
                    "input_audio": {"data": base64.b64encode(sound()).decode(), "format": "wav"},
                },
            ],
        }
    ]
    expect(composer.chips).to_have_count(0)
    question = bench.questions.last
    expect(question.get_by_role("img", name="Image")).to_have_count(2)
    for image in question.get_by_role("img", name="Image").all():
        image.scroll_into_view_if_needed()
        expect(image).not_to_have_js_property("naturalWidth", 0)
    assert length_of(question.locator("audio")) == pytest.approx(0.1, abs=0.01)

    # Said differently, the images stay.
    question.hover()
    question.get_by_role("button", name="Edit", exact=True).click()
    question.get_by_role("textbox", name="Edited message").fill("And now?")
    question.get_by_role("button", name="Save and run").click()
    expect(bench.questions.last).to_contain_text("And now?")
    bench.expect_state("completed")
    (message,) = said(upstream)
    assert [part["type"] for part in message["content"]] == [
        "image_url",
        "text",
        "image_url",
        "input_audio",
    ]


def test_a_file_that_is_refused_says_why_beside_its_chip_and_nothing_is_lost(composer: Composer) -> None:
    bench = composer.bench
    bench.message.fill("Look")
    composer.choose(("page.png", "image/png", b"<html><script>alert(1)</script>"))
    chip = composer.chips.nth(1)
    expect(chip.get_by_role("alert")).to_contain_text("no PNG, JPEG, GIF or WebP image")
    expect(chip.get_by_role("button", name="Try again")).to_be_visible()
    bench.send_button.click()
    expect(composer.page.get_by_text("An attachment could not be uploaded")).to_be_visible()
    expect(bench.message).to_have_value("Look")
    chip.get_by_role("button", name="Remove page.png").click()
    expect(composer.chips).to_have_count(0)
    bench.send_button.click()
    bench.expect_state("completed")


def test_an_image_by_url_is_sent_as_url_or_base64_and_the_browser_asks_no_other_server(
    composer: Composer, upstream: FakeUpstream
) -> None:
    bench, page = composer.bench, composer.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(_host(request)))
    url = f"http://{upstream.address}/pictures/cat.png"
    composer.image_by_url(url)
    bench.message.fill("What is in this picture?")
    bench.send_button.click()
    bench.expect_state("completed")
    image = {"type": "image_url", "image_url": {"url": url}}
    assert said(upstream)[0]["content"] == [{"type": "text", "text": "What is in this picture?"}, image]
    expect(bench.questions.last.get_by_role("link", name=url)).to_be_visible()

    upstream.queue(Http(body=[PNG], content_type="image/png"))
    composer.image_by_url(url)
    composer.chips.nth(1).get_by_role("combobox", name=f"Send {url} as").select_option("base64")
    expect(composer.chips.nth(1)).to_contain_text("320 × 200")
    bench.message.fill("And as base64?")
    bench.send_button.click()
    expect(bench.answers).to_have_count(2)
    bench.expect_state("completed")
    assert said(upstream)[-1]["content"][1] == {
        "type": "image_url",
        "image_url": {"url": data_url("image/png", PNG)},
    }

    # A model that takes base64 only gets both images so, and the page says it beforehand.
    bench.choose("Vision", "TeleAI/TeleMM")
    expect(page.get_by_text("TeleAI/TeleMM takes images as base64 only")).to_be_visible()
    bench.say("And you?")
    expect(bench.answers).to_have_count(3)
    bench.expect_state("completed")
    assert said(upstream)[0]["content"][1]["image_url"]["url"] == data_url("image/png", PNG)
    assert set(asked) == {_host_of(bench.server.url)}


def _host(request: Request) -> str:
    return _host_of(request.url)


def _host_of(url: str) -> str:
    return url.split("/")[2] if "://" in url else ""
