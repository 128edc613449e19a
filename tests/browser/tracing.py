"""How much processor time a page takes."""

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page


def traced(
    chromium: Browser, page: Page, path: Path, work: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Return the processor time, in ms, of each task of the page's main thread and of each frame's script during `work`.

    Processor time, not time by the clock: other work on this machine is not the page's.
    """
    chromium.start_tracing(page=page, path=path, categories=["devtools.timeline", "toplevel"])
    work()
    chromium.stop_tracing()
    events = [
        event
        for event in json.loads(path.read_bytes())["traceEvents"]
        if event.get("ph") == "X" and "tdur" in event
    ]
    thread = next((event["pid"], event["tid"]) for event in events if event["name"] == "FireAnimationFrame")
    own = [event for event in events if (event["pid"], event["tid"]) == thread]
    tasks = [event["tdur"] / 1000 for event in own if event["name"].endswith("RunTask")]
    frames = [event["tdur"] / 1000 for event in own if event["name"] == "FireAnimationFrame"]
    return tasks, frames
