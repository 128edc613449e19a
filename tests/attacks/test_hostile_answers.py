"""Answers that mean harm, in Chromium on a served process, live and after a reload: inert (rows 1, 2, 3 and 17)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request, expect
from playwright.sync_api import Page as Tab

from tests.attacks.actors import TABS, ask, at_provider, parameters, provider_add
from tests.browser.test_js_markdown import ATTACKS, PATHOLOGICAL
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream, Gate, Http, Reply, Stream, ToolCall, error_reply
from tests.playground.pages import Page

pytestmark = pytest.mark.served

PATIENCE: Final = 30_000  # ms

MORE: Final = {
    "htmx, every spelling": "<p hx-get=/stolen hx-trigger=load></p><p data-hx-get=/stolen data-hx-trigger=load></p>"
    "<p hx-on::load='window.hit=1' data-hx-on-load='window.hit=1' hx-ext=x hx-boost=true>",
    "the page's own hooks": "<button data-stop data-send data-again=x data-copy='#csrf'>x</button>"
    "<div data-toasts data-transcript data-source data-theme-choice=dark data-message=x data-exchange=x>",
    "ids that scripts look for": "<input id=message name=message><div id=run-form data-composer></div>"
    "<a id=htmx name=htmx></a><form id=csrfmiddlewaretoken></form><img name=gettext><img name=getElementById>",
    "css": "<div style='background:url(https://evil.test/d);position:fixed;inset:0'>x</div>"
    "<style>@import 'https://evil.test/i.css'; [data-markdown]{background:url(https://evil.test/u)}</style>",
    "svg in data": "![x](data:image/svg+xml;base64,PHN2Zy9vbmxvYWQ9YWxlcnQoMSk+) "
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>"
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)/>#x'/><animate onbegin=alert(1)></svg>",
    "dialogs": "<script>alert(1)</script><img src=x onerror=confirm(1)>"
    "<a href='javascript:prompt(1)' autofocus onfocus=alert(1)>x</a>",
    "same site": "![out](/accounts/logout/) [![i](/conversations/list/?q=stolen)](https://example.org/) <img src=/stolen>",
    "links that open": "[x](vbscript:alert(1)) [y](blob:https://evil.test/1) [z](file:///etc/passwd) <https://evil.test/auto>",
    "prefetch": "<link rel=prefetch href=https://evil.test/p><link rel=dns-prefetch href=//evil.test>"
    "<script src=https://evil.test/s.js></script><iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
}  # fmt: skip
HTML: Final = (
    '</pre></textarea></script><img src=https://evil.test/x onerror="window.hit=1"><script>window.hit=1</script>'
    "<b id=message hx-get=/stolen hx-trigger=load onmouseover='alert(1)'>x</b>"
)
SLOW: Final = (
    "deep quotes",
    "a word of 1 MB",
    "open brackets",
    "a huge table",
    "stars",
    "a deep list",
    "formula bomb",
)

WATCHER: Final = """
window.violations = []; window.long = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.long.push(Math.round(entry.duration));
}).observe({ entryTypes: ['longtask'] });
"""
FOUND: Final = """() => {
  const parts = [...document.querySelectorAll(
    '[data-markdown], [data-reasoning-text], [data-tool-calls], [data-error], [data-inspector-panel]')];
  const prose = [...document.querySelectorAll('[data-markdown]')];
  const all = (roots) => roots.flatMap((root) => [...root.querySelectorAll('*')]);
  const names = (elements) => [...new Set(elements.flatMap((e) => e.getAttributeNames()))];
  return {
    hit: window.hit ?? null,
    violations: window.violations,
    handlers: names(all(parts)).filter((name) => name.startsWith('on') || name.includes('hx-on')),
    htmx: names(all(prose)).filter((name) => name.includes('hx-')),
    ids: all(prose).filter((e) => e.id || e.hasAttribute('name')).map((e) => e.outerHTML.slice(0, 80)),
    styled: all(prose).filter((e) => e.hasAttribute('style')).map((e) => e.outerHTML.slice(0, 80)),
    doubled: [...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, at, ids) => ids.indexOf(id) !== at),
    tags: [...new Set(all(parts).map((e) => e.localName))].filter((tag) =>
      ['script', 'style', 'iframe', 'object', 'embed', 'link', 'meta', 'base', 'svg:use', 'video'].includes(tag)),
    images: all(parts).filter((e) => e.localName === 'img').map((e) => e.src),
    links: all(prose).filter((e) => e.localName === 'a').map((e) => e.protocol)
      .filter((protocol) => !['http:', 'https:', 'mailto:'].includes(protocol)),
  };
}"""
NOTHING: Final[dict[str, Any]] = {
    "hit": None,
    "violations": [],
    "handlers": [],
    "htmx": [],
    "ids": [],
    "styled": [],
    "doubled": [],
    "tags": [],
    "images": [],
    "links": [],
}


@dataclass
class Witness:
    """A tab in which everything that happens is written down."""

    tab: Tab
    home: str
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab.add_init_script(WATCHER)
        self.tab.context.on("request", self._request)
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("console", self._console)
        self.tab.on("dialog", self._dialog)

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def assert_inert(self) -> None:
        """Nothing ran, nothing was taken over, nothing was asked for but what the page itself asks for."""
        self.tab.wait_for_load_state("networkidle")
        self.tab.evaluate(
            "() => new Promise((done) => requestIdleCallback(() => setTimeout(done), { timeout: 20000 }))"
        )
        assert self.tab.evaluate(FOUND) == NOTHING
        assert self.dialogs == []
        assert self.faults == []
        others = [url for url in self.requests if not url.startswith((self.home, "data:,", "blob:"))]
        assert others == []
        paths = {urlsplit(url).path for url in self.requests}
        assert not {path for path in paths if "stolen" in path or path.startswith("/accounts/logout")}
        assert len(self.tab.context.pages) == 1


@pytest.fixture
def bench(context: BrowserContext, alice: Page) -> Workbench:
    """Alice, signed in, in Chromium."""
    cookies = alice.client.cookies.items()
    context.add_cookies([{"name": name, "value": value, "url": alice.process.url} for name, value in cookies])
    return Workbench(context.new_page(), alice.process)


@pytest.fixture
def witness(bench: Workbench) -> Iterator[Witness]:
    made = Witness(bench.page, bench.server.url)
    yield made
    assert bench.page.evaluate("document.title") is not None  # it still answers


def conversation_with(alice: Page, upstream: FakeUpstream, reply: Reply, **values: str) -> Page:
    """Give Alice a conversation whose next answer is this, with these parameters set."""
    page = alice.conversation_new(model=f"model-{uuid4()}")
    upstream.script(page.model, reply)
    settings = page.fields("", parameters=parameters(**values))
    assert ask(page, "POST", f"/conversations/{page.conversation}/settings/", settings).status_code == 204
    return page


def visit(bench: Workbench, page: Page) -> None:
    bench.page.goto(f"{bench.server.url}/conversations/{page.conversation}/")
    expect(bench.message).to_be_visible()


def see_all(bench: Workbench) -> None:
    """Bring every answer near the screen once, so that it is rendered."""
    for at in range(bench.answers.count()):
        answer = bench.answers.nth(at)
        # Not the article: beside a longer choice it is as tall as that one, and its text may be far above.
        answer.locator("[data-markdown]").scroll_into_view_if_needed()
        expect(answer.locator("[data-source]:not([hidden])")).to_have_count(0, timeout=PATIENCE)


@pytest.mark.slow
def test_hostile_answers_are_inert_live_and_after_a_reload(
    bench: Workbench, witness: Witness, alice: Page, upstream: FakeUpstream
) -> None:
    """Each attack is one choice of one answer, so that all of them stream at once."""
    texts = [f"Before.\n\n{attack}\n\nAfter **all**." for attack in (ATTACKS | MORE).values()]
    pieces = [[text[at : at + 7] for at in range(0, len(text), 7)] for text in texts]
    gate = Gate()
    reply = Stream(text=pieces[0], alternatives=pieces[1:], end=[gate, b"data: [DONE]\n\n"])
    page = conversation_with(alice, upstream, reply, n=str(len(texts)))
    visit(bench, page)
    bench.say("Do harm.")
    expect(bench.answers).to_have_count(len(texts))
    gate.wait_reached()
    expect(bench.answers.first.locator("strong")).to_have_text("all")
    witness.assert_inert()
    gate.open()
    bench.expect_state("completed", timeout=PATIENCE)
    see_all(bench)
    expect(bench.page.locator("[data-markdown] strong", has_text="all")).to_have_count(len(texts))
    witness.assert_inert()
    bench.page.reload()
    expect(bench.answers).to_have_count(len(texts))
    see_all(bench)
    expect(bench.page.locator("[data-markdown] strong", has_text="all")).to_have_count(len(texts))
    witness.assert_inert()


def hostile_everywhere() -> Stream:
    return Stream(
        text=[HTML],
        reasoning=[HTML],
        tool_calls=[ToolCall(HTML, [json.dumps({"a": HTML}), HTML], id=HTML)],
        headers=[("X-Html", HTML), ("Link", "<https://evil.test/l>; rel=preload")],
        finish_reason=HTML,
        usage={"prompt_tokens": HTML, "completion_tokens": HTML, HTML: HTML},
    )


@pytest.mark.parametrize(
    "reply",
    [
        hostile_everywhere(),
        error_reply(400, HTML, code=HTML, param=HTML, type=HTML, headers=[("Retry-After", HTML)]),
        Http(502, [f"<html><title>{HTML}</title><body>{HTML}".encode()], content_type="text/html"),
        Http(200, [HTML.encode()], content_type="text/html"),
        Stream(
            text=["Hi"], end=[f"data: {json.dumps({'error': {'message': HTML, 'type': HTML}})}\n\n".encode()]
        ),
    ],
    ids=["every field", "error", "error page", "page", "error in the stream"],
)
def test_markup_in_any_field_is_text_in_every_part_of_the_page(
    bench: Workbench, witness: Witness, alice: Page, upstream: FakeUpstream, reply: Reply
) -> None:
    page = conversation_with(alice, upstream, reply)
    visit(bench, page)
    bench.say(f"A question {HTML}")
    expect(bench.answers.last).not_to_have_attribute("data-state", "queued")
    expect(bench.answers.last).not_to_have_attribute("data-state", "streaming")
    for again in (False, True):
        if again:
            bench.page.reload()
        for name in TABS:
            expect(bench.inspect(name.capitalize())).not_to_be_empty()
        witness.assert_inert()


def test_markup_that_people_type_is_text_for_others(
    bench: Workbench, witness: Witness, alice: Page, upstream: FakeUpstream
) -> None:
    """Title, system prompt, message, provider, model: all shown in other places than they were typed."""
    named = '"><img src=x onerror=window.hit=1>'
    provider = provider_add(alice, name=named, scope="team", base_url=upstream.base_url, auth="none")
    page = at_provider(conversation_with(alice, upstream, Stream(text=["Hi"])), provider)
    settings = page.fields("", system=HTML, model=named)
    ask(page, "POST", f"/conversations/{page.conversation}/settings/", settings)
    ask(page, "POST", f"/conversations/{page.conversation}/rename/", {"title": named})
    visit(bench, page)
    bench.say(HTML)
    expect(bench.expect_state("completed")).to_be_visible()
    providers = "/settings/providers/"
    own = f"/conversations/{page.conversation}/"
    for path in (own, providers, f"{providers}{provider}/", "/settings/team/log/"):
        bench.page.goto(f"{bench.server.url}{path}")
        witness.assert_inert()


@pytest.mark.slow
def test_text_that_breaks_renderers_keeps_the_page_responsive(
    bench: Workbench, witness: Witness, alice: Page, upstream: FakeUpstream
) -> None:
    texts = [f"{PATHOLOGICAL[name][:300_000]}\n\nEnd" for name in SLOW]
    pieces = [[text[at : at + 20_000] for at in range(0, len(text), 20_000)] for text in texts]
    page = conversation_with(
        alice, upstream, Stream(text=pieces[0], alternatives=pieces[1:]), n=str(len(texts))
    )
    visit(bench, page)
    bench.say("Be slow.")
    bench.message.fill("typed while it streams")
    bench.expect_state("completed", timeout=PATIENCE)
    expect(bench.message).to_have_value("typed while it streams")
    for again in (False, True):
        if again:
            bench.page.reload()
        see_all(bench)
        longest = bench.page.evaluate("Math.max(0, ...window.long)")
        assert longest < 2_000
        witness.assert_inert()
        bench.message.fill("still alive")
