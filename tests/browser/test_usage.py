"""The usage page in a browser: read at a glance, narrowed by keyboard, looked at in both themes and three sizes."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations_in_both_themes
from tests.browser.house import House, house_open, provider_at
from tests.chromium import PATIENCE, screenshot_path
from tests.fakes import FakeUpstream
from tests.served import Installation

SIZES = ((1440, 900), (1024, 768), (390, 844))
FILL = """
from datetime import timedelta
from django.utils import timezone
from uuid import uuid4
from conversations.models import *
from conversations.services import conversation_create, usage_recount
from team.models import User
for user in User.objects.filter(username="alice"):
    kept = conversation_create(owner=user, settings={})
    for n in range(240):
        gateway = n % 3 > 0
        failed = gateway and n < 80 and n % 5 == 0
        at = timezone.now() - timedelta(minutes=2 + (n % 50 if n < 90 else n * 9))
        run = Run.objects.create(pk=uuid4(), conversation=kept, person=user)
        first = 300 + 7 * (n % 40)
        Exchange.objects.create(run=run, provider_name="Gateway" if gateway else "Cluster", api="generic",
            model=["deepseek-ai/DeepSeek-V3.1", "Qwen/Qwen3-32B"][n % 2], state="failed" if failed else "completed",
            method="POST", url="u", body="{}", created=at, ended=at, tokens_in=None if failed else 500 + n,
            tokens_out=None if failed else 300, error={"kind": "rate_limited"} if failed else None,
            timing={} if failed else {"first_token": first, "last_token": first + 5000 + 20 * (n % 30)})
usage_recount()
"""


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(shared_installation, provider_at(shared_upstream), hosts=shared_upstream.address)


def test_who_fails_is_seen_at_a_glance_and_charts_can_be_read_as_tables(page: Page, house: House) -> None:
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    seat = house.enter(page, name="alice")
    house.installation.manage("shell", "-v", "0", "-c", FILL)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{seat.server.url}/usage/")
    first = page.get_by_role("listitem").filter(has_text="failed in the last hour").first
    expect(first).to_contain_text(
        re.compile(r"Gateway \d+ of \d+ runs failed in the last hour \(rate_limited \d+\)")
    )

    chart = page.get_by_role("img", name="Runs by state")
    expect(chart).to_be_visible()
    figure = page.get_by_role("figure").filter(has=chart)
    figure.get_by_text("Show as table").click()
    expect(figure.get_by_role("columnheader", name="Failed")).to_be_visible()
    expect(figure.get_by_role("row")).to_have_count(25)
    figure.get_by_text("Show as table").click()

    page.get_by_role("radio", name="24 hours").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("period=7"))
    page.get_by_role("combobox", name="Provider").select_option("Cluster")
    expect(page).to_have_url(re.compile("provider=Cluster"))
    expect(page.get_by_role("cell", name="Gateway")).to_have_count(0)
    expect(page.get_by_role("rowheader", name="Cluster").first).to_be_visible()
    page.get_by_role("combobox", name="Provider").select_option("")
    expect(page.get_by_role("rowheader", name="Gateway").first).to_be_visible()
    assert violations_in_both_themes(page) == []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            path = screenshot_path(f"usage-{width}-{theme}")
            page.screenshot(path=path, full_page=True, animations="disabled")
    assert errors == []
