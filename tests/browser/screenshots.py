"""Makes the pictures of the README: `python -m tests.browser.screenshots`.

They show a scripted upstream, so that they can be made again.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.workbench import Workbench
from tests.chromium import FLAGS
from tests.fakes import FakeUpstream, Gate
from tests.replies import Stream
from tests.served import ROOT, ServedProcess

PICTURES = ROOT / "docs" / "screenshots"
MODEL = "example-reasoner-72b"
ANSWER = """The tail moved, the median did not. **p99 rises from about 320 ms to about 880 ms** \
within the hour around the deploy and settles near 460 ms. Report the settled figure:

| Window | p50 | p99 | Change in p99 |
|---|--:|--:|--:|
| 09:00–11:30, before | 180 ms | 320 ms | baseline |
| 12:00–12:40, peak | 185 ms | 880 ms | +175 % |
| 13:30–15:00, settled | 180 ms | 460 ms | +44 % |

```python
def p99(samples: list[float]) -> float:
    return sorted(samples)[int(len(samples) * 0.99)]
```
"""
SECOND = (
    "Compare the tail with its own past, not with a fixed limit. The baseline is low here, so a static "
    "threshold of 500 ms would have fired only after the"
)
REASONING = (
    "The marker sits at 12:00 and is labelled deploy. The upper line starts to rise before it, so the deploy "
    "alone does not explain it."
)


def words(text: str) -> list[str]:
    return text.replace(" ", " \0").split("\0")


def main() -> None:
    """Start a server on an empty folder, hold one conversation, take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, FakeUpstream() as up, sync_playwright() as playwright:
        environment = os.environ | {
            "PLAYGROUND_DATA": folder,
            "PORT": "0",
            "PYTHONUNBUFFERED": "1",
            "PLAYGROUND_LOCAL_MODEL": "0",
            "PLAYGROUND_PRIVATE_HOSTS": up.address,
            "PLAYGROUND_PROVIDERS": json.dumps(
                [
                    {
                        "name": "Example cloud",
                        "base_url": up.base_url,
                        "api": "openai-chat",
                        "auth": "none",
                        "models": [MODEL],
                    }
                ]
            ),
        }
        command = [sys.executable, "manage.py", "serve", "--migrate"]
        served = ServedProcess(command, environment, Path(folder) / "log").wait_ready()
        chromium = shutil.which("chromium") or ""
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US", color_scheme="light")
        try:
            pictures_take(Workbench(page, served), up)
        finally:
            browser.close()
            served.terminate()


def pictures_take(bench: Workbench, up: FakeUpstream) -> None:
    """Hold the conversation; each picture where there is something to see."""
    page, gate = bench.page, Gate()
    first = Stream(
        reasoning=words(REASONING),
        text=words(ANSWER),
        rate=45,
        usage={"prompt_tokens": 1418, "completion_tokens": 634, "total_tokens": 2052},
    )
    up.script(MODEL, first, Stream(text=[*words(SECOND), gate, " damage."], rate=45))
    bench.sign_up("mira")
    page.get_by_role("textbox", name="System prompt").fill(
        "You are a site reliability engineer. Quote numbers with units; name your doubts."
    )
    for name, value in (("temperature", "0.6"), ("top_p", "0.9")):
        page.get_by_role("switch", name=f"Send {name}").check()
        page.get_by_label(name, exact=True).fill(value)
    bench.say("What happened here, and which number belongs in the incident report?")
    bench.expect_state("completed", timeout=30_000)
    expect(page.get_by_role("table")).to_be_visible()
    expect(
        page.get_by_role("navigation", name="Conversations").get_by_role("img", name="Streaming")
    ).to_have_count(0)
    picture(page, "workbench")
    page.emulate_media(color_scheme="dark")
    picture(page, "workbench-dark")
    page.emulate_media(color_scheme="light")
    bench.inspect("Events")
    expect(bench.inspector.get_by_text("reasoning").first).to_be_visible()
    picture(page, "inspector-events")
    page.get_by_role("button", name="Parameters", exact=True).click()
    bench.say("Now one alert rule that would have caught this within ten minutes.")
    expect(bench.expect_state("streaming")).to_contain_text("fired only after the")
    picture(page, "streaming")
    gate.open()
    bench.expect_state("completed")
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "workbench-phone")


def picture(page: Page, name: str) -> None:
    """Save what is seen now."""
    page.mouse.move(700, 20)
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
