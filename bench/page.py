"""The page under load, in Chromium: a long answer while it comes, a long conversation, a long message, typing beside them.

    python -m bench.page [--tokens 20000] [--rate 200] [--messages 2000]

Everything is a served process with a real browser at it. Tasks of the page's main thread are given in processor time (what
else the machine does is not the page's) and by the clock; the browser's memory after a garbage collection.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, ViewportSize, async_playwright

from bench.answers import answers
from bench.product import Product, free_port, product_served

PART = """## Part

The **p99** rises from about 320 ms to `880 ms` within the hour, as [the chart](https://example.org) says.
结果在一小时内稳定下来。

- first point with words, and $a^2 + b^2 = c^2$
- second point with more words

```python
def settled(values):
    return sorted(values)[len(values) // 2]  # the median
```

| window | p50 | p99 |
|---|--:|--:|
| before | 180 | 320 |
| peak | 185 | 880 |

"""
TOKEN = 4  # characters
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
BARS = 150  # px, more than a window's own bars take
_BRANCH = """
from conversations.models import Column, Conversation, Message, new_id
conversation = Conversation.objects.get(pk="{conversation}")
ids = [new_id() for _ in range({count})]
text = {text!r}
Message.objects.bulk_create(
    Message(
        id=pk, conversation=conversation, parent_id=ids[number - 1] if number else None,
        role="assistant" if number % 2 else "user",
        content=[{{"type": "text", "text": f"Message {{number}}\\n\\n" + (text if number % 2 else "A question?")}}],
    )
    for number, pk in enumerate(ids)
)
Column.objects.filter(conversation=conversation).update(leaf_id=ids[-1])
"""
# Where a frame's time goes, as Chromium's traces call it.
PARTS = ("FireAnimationFrame", "UpdateLayoutTree", "Layout", "PrePaint", "Paint", "Layerize", "Commit")
_ENDED = "() => new Promise((done) => addEventListener('exchange:ended', () => done(), { once: true }))"
_KEYS_TO_PREVIEW = """async (field) => {
  const preview = document.querySelector("[data-preview]");
  const times = [];
  for (let digit = 101; digit < 131; digit += 1) {
    const shown = new Promise((done) => {
      const observer = new MutationObserver(() => {
        if (!preview.textContent.includes(`"temperature": 0.${digit}`)) return;
        observer.disconnect();
        done(performance.now());
      });
      observer.observe(preview, { childList: true, subtree: true });
    });
    const typed = performance.now();
    field.value = `0.${digit}`;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    times.push((await shown) - typed);
  }
  return times;
}"""
_KEYS_IN_A_LONG_MESSAGE = """(field) => {
  field.focus();
  const times = [];
  for (let n = 0; n < 20; n += 1) {
    const typed = performance.now();
    field.setRangeText("x", field.value.length, field.value.length, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    times.push(performance.now() - typed);
  }
  return times;
}"""
# Asked of the page itself: a locator by role reckons the role and the visibility of each article, again with each look.
_NEWEST_IS_RENDERED = "() => document.querySelector('[data-transcript] > article:last-child h2') !== null"
_SHOWN = "() => document.querySelector('[data-transcript] > article:last-child').textContent.length"
_OLDER = """(region) => new Promise((done) => {
  const list = region.querySelector("[data-transcript]");
  const before = list.childElementCount;
  const began = performance.now();
  new MutationObserver((_, observer) => {
    if (list.childElementCount <= before) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  }).observe(list, { childList: true });
  region.scrollTop = 0;
})"""
_WATCH_TYPING = """() => {
  window.typed = [];
  window.watching?.disconnect();
  window.watching = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "keydown") window.typed.push(entry.duration);
  });
  window.watching.observe({ type: "event", durationThreshold: 16 });
}"""


def mixed(count: int) -> list[str]:
    """Return an answer of so many tokens that holds everything an answer can hold."""
    text = PART * (count * TOKEN // len(PART) + 1)
    return [text[at : at + TOKEN] for at in range(0, count * TOKEN, TOKEN)]


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        raise SystemExit("Chromium is not installed (apt-get install chromium).")
    async with async_playwright() as playwright:
        flags = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--enable-precise-memory-info",
        ]
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        await browser.close()


async def signed_in(browser: Browser, product: Product) -> BrowserContext:
    context = await browser.new_context(viewport=VIEWPORT, locale="en-US")
    cookies = (pair.split("=", 1) for pair in product.cookies.split("; "))
    url = f"http://127.0.0.1:{product.port}"
    await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies])
    return context


async def page_in_sight(context: BrowserContext) -> Page:
    """Return a new page in a window that has room for all of it.

    Playwright makes the window as large as the page, and Chromium's own bars take their part of it: the lowest 87 px of
    the page, the composer's text among them, would be in no picture, and Event Timing would wait for one of something else.
    """
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    window = await session.send("Browser.getWindowForTarget")
    bounds = {"width": VIEWPORT["width"], "height": VIEWPORT["height"] + BARS}
    await session.send("Browser.setWindowBounds", {"windowId": window["windowId"], "bounds": bounds})
    await session.detach()
    return page


async def memory(session: CDPSession) -> tuple[float, int]:
    """Return the MB of the page's JavaScript and its number of nodes, after a collection."""
    await session.send("HeapProfiler.collectGarbage")
    metrics = {
        each["name"]: each["value"] for each in (await session.send("Performance.getMetrics"))["metrics"]
    }
    return metrics["JSHeapUsedSize"] / 2**20, int(metrics["Nodes"])


@dataclass(frozen=True, slots=True)
class Work:
    """What a page's main thread did: its tasks in ms of processor time and by the clock; what each layout reckoned with."""

    tasks: list[float]
    clock: list[float]
    collections: list[float]  # tasks that are the garbage collections of `memory`, and in none of the others
    frames: int
    laid_out: list[int]
    parts: dict[str, float]  # ms of processor time in all


def work_read(path: Path) -> Work:
    """Return what a trace says of the page's main thread."""
    events = [
        each
        for each in json.loads(path.read_bytes())["traceEvents"]
        if each.get("ph") == "X" and "tdur" in each
    ]
    thread = next((each["pid"], each["tid"]) for each in events if each["name"] == "FireAnimationFrame")
    own = [each for each in events if (each["pid"], each["tid"]) == thread]
    asked = [
        each["ts"]
        for each in own
        if each["name"] == "MajorGC" and each["args"].get("type") == "low memory notification"
    ]
    every = [each for each in own if each["name"].endswith("RunTask")]
    collecting = [each for each in every if any(each["ts"] <= at <= each["ts"] + each["dur"] for at in asked)]
    tasks = [each for each in every if each not in collecting]
    layouts = [each["args"].get("beginData", {}) for each in own if each["name"] == "Layout"]
    return Work(
        tasks=[each["tdur"] / 1000 for each in tasks],
        clock=[each["dur"] / 1000 for each in tasks],
        collections=[each["tdur"] / 1000 for each in collecting],
        frames=sum(each["name"] == "FireAnimationFrame" for each in own),
        laid_out=[each["totalObjects"] for each in layouts if "totalObjects" in each] or [0],
        parts={name: sum(each["tdur"] for each in own if each["name"] == name) / 1000 for name in PARTS},
    )


async def long_answer(browser: Browser, product: Product, *, tokens: int, rate: float) -> None:
    """An answer as long as they get, from the first token to the last, with somebody who watches its end."""
    context = await signed_in(browser, product)
    page = await page_in_sight(context)
    (conversation,) = product.conversations_take(1)
    await page.goto(f"http://127.0.0.1:{product.port}/conversations/{conversation}/")
    session = await context.new_cdp_session(page)
    await session.send("Performance.enable")
    await page.get_by_role("combobox", name="Model").fill("long")
    await page.get_by_role("textbox", name="Message").fill("Everything, please.")
    print(f"\nAn answer of {tokens:,} tokens at {rate:g} a second: headings, lists, code, formulas, tables")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        await browser.start_tracing(page=page, path=path, categories=["devtools.timeline", "toplevel"])
        await page.get_by_role("button", name="Send", exact=True).click()
        answer = page.get_by_role("article", name="Assistant message").last
        await answer.wait_for()
        # Asked once: whoever looks again and again has the page laid out each time.
        ended = asyncio.ensure_future(page.evaluate(_ENDED))
        for quarter in range(4):
            await asyncio.sleep(tokens / rate / 4 if quarter < 3 else 0)
            if quarter == 3:
                await asyncio.wait_for(ended, tokens / rate + 60)
            length = await page.evaluate(_SHOWN)
            heap, nodes = await memory(session)
            print(
                f"  {length:>8,} characters shown: {heap:5.1f} MB of JavaScript, {nodes:,} nodes", flush=True
            )
        await browser.stop_tracing()
        show_work(work_read(path))
    await context.close()


def show_work(work: Work) -> None:
    longest = " ".join(f"{each:.0f}" for each in sorted(work.tasks, reverse=True)[:5])
    print(
        f"  {len(work.tasks):,} tasks of the main thread, the longest: {longest} ms of processor time; "
        f"{sum(each > 50 for each in work.tasks)} over 50 ms ({sum(each > 50 for each in work.clock)} by the clock); "
        f"beside them {len(work.collections)} garbage collections of this measuring, "
        f"{max(work.collections, default=0):.0f} at most"
    )
    a_frame = ", ".join(f"{name} {spent / work.frames:.1f}" for name, spent in work.parts.items())
    print(
        f"  {work.frames:,} frames, processor time of one in ms: {a_frame}; a layout reckons with "
        f"{statistics.median(work.laid_out):,.0f} objects (median; {max(work.laid_out):,} at most)",
        flush=True,
    )


async def long_conversation(browser: Browser, product: Product, *, count: int) -> None:
    """A long conversation: opened, read upwards, typed in."""
    (conversation,) = product.conversations_take(1)
    product.shell(_BRANCH.format(conversation=conversation, count=count, text=PART))
    print(f"\nA conversation of {count:,} messages")
    context = await signed_in(browser, product)
    opened = [await _opened(context, product, conversation, count) for _ in range(5)]
    shown = statistics.median(opened)
    print(
        f"  opened, until the newest message is rendered: {shown:.0f} ms (median of 5; {max(opened):.0f} at most)"
    )
    page = context.pages[-1]
    await typing(page, "typing, the newest messages on the page")
    times: list[float] = []
    region = page.locator("[data-messages]")
    while await page.locator("[data-earlier]").count():
        times.append(await region.evaluate(_OLDER))
    if not times:
        raise SystemExit("There were no older messages to load.")
    print(
        f"  {len(times)} times older messages, until the picture shows them: "
        f"{statistics.median(times):.0f} ms (median; {max(times):.0f} at most)"
    )
    await typing(page, f"typing, all {await page.locator('article').count():,} messages on the page")
    await context.close()


async def _opened(context: BrowserContext, product: Product, conversation: str, count: int) -> float:
    for old in context.pages:
        await old.close()
    page = await page_in_sight(context)
    await page.bring_to_front()  # behind another one, frames come once a second
    began = time.perf_counter()
    await page.goto(f"http://127.0.0.1:{product.port}/conversations/{conversation}/", wait_until="commit")
    await page.wait_for_function(_NEWEST_IS_RENDERED)
    took = (time.perf_counter() - began) * 1000
    text = await page.get_by_role("article").last.text_content() or ""
    if f"Message {count - 1}" not in text:
        raise SystemExit(f"Another message is the last one: {text[:100]!r}")
    return took


async def typing(page: Page, title: str) -> None:
    """Type as fast as people do, twelve keys a second; from each key to the next picture."""
    box = page.get_by_role("textbox", name="Message")
    await box.click()
    await page.evaluate(_WATCH_TYPING)
    text = "The quick brown fox jumps over the lazy dog. " * 4
    await box.press_sequentially(text, delay=80, timeout=120_000)  # a busy machine takes its time
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
    slow: list[Any] = await page.evaluate("window.typed")
    worst = f"{sum(each > 50 for each in slow)} over 50, {max(slow):.0f} at most" if slow else "none"
    print(f"  {title}: {len(slow)} of {len(text)} keys took 16 ms or more to be seen, {worst}", flush=True)
    await box.fill("")


async def nothing_but_a_field(browser: Browser, product: Product) -> None:
    """Typing in a page that does nothing: what the browser and this machine take by themselves."""
    context = await signed_in(browser, product)
    page = await page_in_sight(context)
    await page.set_content('<textarea aria-label="Message"></textarea>')
    print("\nA page with a field and nothing else")
    await typing(page, "typing")
    await context.close()


async def long_message(browser: Browser, product: Product, *, characters: int = 200_000) -> None:
    """Keys in a long message, and from a key in a parameter to the preview that shows it."""
    context = await signed_in(browser, product)
    page = await page_in_sight(context)
    (conversation,) = product.conversations_take(1)
    await page.goto(f"http://127.0.0.1:{product.port}/conversations/{conversation}/")
    panel = page.get_by_role("region", name="Parameters")
    await panel.get_by_role("searchbox", name="Find a parameter").fill("temperature")
    await panel.get_by_role("switch", name="Send temperature", exact=True).check()
    times = await panel.get_by_label("temperature", exact=True).evaluate(_KEYS_TO_PREVIEW)
    print("\nA new conversation")
    print(
        f"  from a key to the preview that shows it: {statistics.median(times):.0f} ms "
        f"(median of {len(times)}; {min(times):.0f} at least, {max(times):.0f} at most)"
    )
    await typing(page, "typing")
    box = page.get_by_role("textbox", name="Message")
    await box.fill(("lorem ipsum " * (characters // 12 + 1))[:characters])
    spent = await box.evaluate(_KEYS_IN_A_LONG_MESSAGE)
    print(
        f"  a key in a message of {characters:,} characters: {statistics.median(spent):.1f} ms of the page's own script "
        f"and layout (median of {len(spent)}; {max(spent):.1f} at most)",
        flush=True,
    )
    await context.close()


async def measure(product: Product, upstream_port: int, options: argparse.Namespace) -> None:
    pieces = mixed(options.tokens)
    server = await asyncio.start_server(answers(pieces, options.rate), "127.0.0.1", upstream_port)
    async with server, chromium() as browser:
        await nothing_but_a_field(browser, product)
        await long_message(browser, product)
        await long_conversation(browser, product, count=options.messages)
        await long_answer(browser, product, tokens=options.tokens, rate=options.rate)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--messages", type=int, default=2_000)
    options = parser.parse_args()
    upstream_port = free_port()
    with product_served(upstream_port) as product:
        asyncio.run(measure(product, upstream_port, options))


if __name__ == "__main__":
    main()
