"""The main job, the whole way, as a new person goes it."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.workbench import MODEL_PATIENCE, Workbench
from tests.fakes import FakeUpstream, Gate
from tests.replies import Stream
from tests.served import Installation, wait_for


@pytest.mark.slow
@pytest.mark.local_model
def test_a_new_person_chats_with_the_local_model_without_any_key(
    page: Page, installation: Installation
) -> None:
    served = installation.serve(PLAYGROUND_LOCAL_MODEL="1")
    wait_for(lambda: served.health()["local_model"]["status"] == "ready", within=60, what="the local model")
    bench = Workbench(page, served)
    bench.sign_up()
    expect(page.get_by_role("combobox", name="Provider")).to_contain_text("Local model")
    page.get_by_role("searchbox", name="Find a parameter").fill("max_tokens")
    page.get_by_role("switch", name="Send max_tokens").check()
    page.get_by_label("max_tokens", exact=True).fill("24")
    bench.say("Say hello.")
    answer = bench.expect_state("completed", timeout=MODEL_PATIENCE)
    expect(answer.locator("[data-markdown]")).to_contain_text(re.compile(r"\w+"))
    expect(answer.get_by_label("Statistics")).to_contain_text("TTFT")
    request = bench.inspect("Request")
    expect(request).to_contain_text('"max_tokens": 24')


@pytest.mark.slow
def test_the_whole_way_with_a_provider_of_ones_own(page: Page, installation: Installation) -> None:
    with FakeUpstream() as up:
        up.models = ["model-a", "model-b"]
        up.key = "sk-canary-0123456789abcdef"
        served = installation.serve(PLAYGROUND_PRIVATE_HOSTS=up.address)
        bench = Workbench(page, served)
        bench.sign_up()

        # Without a local model and without a provider the page says what to do.
        expect(page.get_by_role("link", name="Add a provider").first).to_be_visible()
        page.get_by_role("link", name="Add a provider").first.click()
        page.get_by_label("Name", exact=True).fill("Gateway")
        page.get_by_label("Base URL").fill(up.base_url)
        page.get_by_label("API key").fill(up.key)
        page.get_by_role("button", name=re.compile("^(Add|Save)")).click()
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.get_by_text("It works: 2 models.")).to_be_visible()
        expect(page.locator("body")).not_to_contain_text(up.key)
        page.goto(served.url)

        # Stream, see it live, reload in the middle, go on from token 0.
        first, second = Gate(), Gate()
        up.script(
            "model-a", Stream(text=["The **first** part. ", first, "The second part. ", second, "The end."])
        )
        bench.choose("Gateway", "model-a")
        bench.say("Tell me in three parts.")
        answer = bench.expect_state("streaming")
        expect(answer.locator("strong")).to_have_text("first")
        page.reload()
        answer = bench.expect_state("streaming")
        expect(answer).to_contain_text("The first part.")
        first.open()
        expect(answer).to_contain_text("The second part.")
        second.open()
        answer = bench.expect_state("completed")
        expect(answer).to_contain_text("The first part. The second part. The end.")
        expect(page).to_have_title(re.compile("Tell me in three parts"))

        # Stop keeps what came and closes the connection.
        held = Gate()
        up.script("model-a", Stream(text=["Half of an answer", held, " and never this"]))
        closed = len(up.requests)
        bench.say("Say half.")
        answer = bench.expect_state("streaming")
        expect(answer).to_contain_text("Half of an answer")
        bench.stop_button.click()
        answer = bench.expect_state("stopped")
        expect(answer).to_contain_text("Half of an answer")
        up.wait_for_close()
        assert len(up.requests) == closed + 1
        page.reload()
        expect(bench.expect_state("stopped")).to_contain_text("Half of an answer")
        expect(page.get_by_role("region", name="Request preview")).to_contain_text("4 messages")

        # What was sent, byte for byte, and what came back.
        sent = json.loads(up.requests[-1].body)
        assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
        panel = bench.inspect("Request")
        expect(panel).to_contain_text("/v1/chat/completions")
        expect(panel).to_contain_text("Say half.")
        expect(page.locator("body")).not_to_contain_text(up.key)
        expect(bench.inspect("Events")).to_contain_text("Half of an answer")
        expect(bench.inspect("Response")).to_contain_text("200")
        expect(bench.inspect("Timing")).to_contain_text("first byte")
        code = bench.inspect("Code")
        expect(code).to_contain_text("curl")
        expect(code).to_contain_text("$API_KEY")

        page.goto(f"{served.url}/accounts/logout/")
        page.get_by_role("main").get_by_role("button", name="Sign out").click()
        page.goto(served.url)
        expect(page).to_have_url(re.compile("/accounts/login/"))
