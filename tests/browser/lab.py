"""A bench for the browser code alone: the built bundle on a page that keeps the DOM contract, and a server whose every
answer and frame the test writes. What the page asks for is recorded, so that "nothing left the browser" can be shown.
"""

import asyncio
import functools
import html
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django_htmx
import pytest
from aiohttp import WSMsgType, web
from playwright.sync_api import Page

from tests.steps import Gate

ROOT = Path(__file__).resolve().parents[2]
CONVERSATION = "0192f0c1-0000-7000-8000-000000000001"
EXCHANGE = "0192f0c1-0000-7000-8000-0000000000e1"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
"""As strict as the product's own, so that what it would refuse fails here too."""

Answer = tuple[int, str]


def bundle_build(out: Path) -> None:
    """Build the browser code into `out`; skip, or fail in CI, where Node or its packages are missing."""
    from tests.conftest import missing

    node = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))
    if not node or not (ROOT / "node_modules").is_dir():
        missing("the browser code cannot be built: install Node and run `npm ci`")
    subprocess.run(
        [str(node), "build.mjs", "--out", str(out)], cwd=ROOT, check=True, capture_output=True, timeout=60
    )


@dataclass
class Lab:
    """One loopback server: pages, the bundle, a websocket that does what the test says.

    `answers` maps a path to (status, body) or to a function of the form's fields; any other POST gets a 204.
    A POST to a path of `gates` is answered once its gate lets it pass.
    """

    bundle: Path
    page: str = ""
    answers: dict[str, Answer | Callable[[dict[str, str]], Answer]] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    posts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    gets: list[str] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    """What pages sent over the websocket."""
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    greets: bool = True
    url: str = ""

    def __post_init__(self) -> None:
        self.changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._open())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self) -> None:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_get("/ws/exchanges/", self._socket)
        app.router.add_static("/static/build", self.bundle)
        app.router.add_static(
            "/static/django_htmx", Path(django_htmx.__file__).parent / "static" / "django_htmx"
        )
        app.router.add_get("/{path:.*}", self._get)
        app.router.add_post("/{path:.*}", self._post)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def close(self) -> None:
        """Close every socket and end the server."""
        self._do(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _get(self, request: web.Request) -> web.Response:
        self.gets.append(request.path_qs)
        if request.path in self.answers:
            return self._answer(request.path, dict(request.query))
        if request.path != "/":
            return web.Response(status=404)
        return web.Response(
            text=self.page, content_type="text/html", headers={"Content-Security-Policy": POLICY}
        )

    async def _post(self, request: web.Request) -> web.Response:
        # Forms carry line breaks as CR LF; the product's forms undo that too.
        fields = {name: str(value).replace("\r\n", "\n") for name, value in (await request.post()).items()}
        with self.changed:
            self.posts.append((request.path, fields))
            self.changed.notify_all()
        if gate := next((gate for known, gate in self.gates.items() if request.path.startswith(known)), None):
            await gate.passed()
        return self._answer(request.path, fields)

    def _answer(self, path: str, fields: dict[str, str]) -> web.Response:
        prefix = next((known for known in self.answers if path.startswith(known)), None)
        if prefix is None:
            return web.Response(status=204)
        answer = self.answers[prefix]
        status, body = answer(fields) if callable(answer) else answer
        return web.Response(status=status, text=body, content_type="text/html")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.greets:
            await socket.send_json({"type": "hello", "heartbeat": 25})
        with self.changed:
            self.sockets.append(socket)
            self.changed.notify_all()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                said = json.loads(message.data)
                if said["type"] == "ping":
                    await socket.send_json({"type": "pong"})
                with self.changed:
                    self.said.append(said)
                    self.changed.notify_all()
        with self.changed:
            self.sockets.remove(socket)
            self.changed.notify_all()
        return socket

    # -- what a test does -------------------------------------------------------------------------------------------

    def wait(self, condition: Callable[[], Any], *, within: float = 10.0) -> Any:
        """Return the condition's first true value; it is asked again whenever something came in."""
        with self.changed:
            value = self.changed.wait_for(condition, within)
        assert value, "waited in vain"
        return value

    def followed(self, exchange: str = EXCHANGE, *, times: int = 1) -> dict[str, Any]:
        """Return the last message by which a page followed the exchange, once there were `times` of them."""

        def follows() -> list[dict[str, Any]]:
            return [said for said in self.said if said["type"] == "follow" and said["exchange"] == exchange]

        self.wait(lambda: len(follows()) >= times)
        return follows()[-1]

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to every page."""
        self._do(self._send(json.dumps(message)))

    async def _send(self, text: str) -> None:
        for socket in self.sockets:
            await socket.send_str(text)

    def stream(self, texts: Iterator[str] | list[str], *, every: float, ref: int, first: int = 1) -> None:
        """Send one content frame per text, `every` seconds apart; return when all are sent."""
        self._do_long(self._stream(list(texts), every, ref, first), len(texts) * every + 30)  # type: ignore[arg-type]

    async def _stream(self, texts: list[str], every: float, ref: int, first: int) -> None:
        started = self._loop.time()
        for number, text in enumerate(texts):
            # The pace is what is tested: tokens come at a rate, whatever each sending took.
            await asyncio.sleep(max(0.0, started + number * every - self._loop.time()))
            await self._send(json.dumps({"e": ref, "n": first + number, "u": [["c", 0, text]]}))

    def _do_long(self, work: Any, within: float) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    def hang_up(self, code: int = 1012) -> None:
        """Close every socket with this code."""
        self._do(self._hang_up(code))

    async def _hang_up(self, code: int) -> None:
        for socket in list(self.sockets):
            await socket.close(code=code)


def end_update(state: str = "completed", error: dict[str, Any] | None = None) -> list[Any]:
    """Return the last update of an exchange."""
    stats = {
        "tokens_in": 12,
        "tokens_out": 34,
        "ttft_ms": 210.0,
        "tokens_per_second": 48.1,
        "total_ms": 1310.0,
        "reasoning_ms": 480.0,
    }
    return ["end", {"state": state, "error": error, "stats": stats}]


def article(
    text: str = "",
    *,
    state: str = "completed",
    exchange: str = EXCHANGE,
    number: int = 1,
    role: str = "assistant",
) -> str:
    """Return one message as the server writes it."""
    return f"""
    <article class="msg" id="message-{number}" data-message="{number}" data-role="{role}" data-state="{state}"
             data-exchange="{exchange}" data-choice="0" aria-label="{role.title()} message">
      <div class="msg__body">
        <details class="reasoning" data-reasoning hidden><summary><span>Reasoning</span></summary>
          <div class="reasoning__text" data-reasoning-text></div></details>
        <p data-refusal hidden></p>
        <div class="prose" data-markdown><pre data-source>{html.escape(text)}</pre></div>
        <div data-tool-calls></div><div data-error role="alert" hidden></div>
        <dl class="stats" data-stats aria-label="Statistics" hidden></dl>
        <button type="button" data-inspect>Inspect</button>
      </div>
    </article>"""


def workbench(*articles: str, socket: bool = True) -> str:
    """Return a page that keeps the DOM contract of the workbench."""
    run_url = f"/conversations/{CONVERSATION}/runs/"
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lab</title>
    <link rel="stylesheet" href="/static/build/app.css">
    <meta name="htmx-config" content='{{"includeIndicatorStyles": false, "allowEval": false}}'>
    <script src="/static/django_htmx/htmx-2.min.js" defer></script>
    <script type="module" src="/static/build/app.js"></script></head>
    <body {'data-socket="/ws/exchanges/"' if socket else ""} hx-headers='{{"x-csrftoken": "token-of-the-page"}}'>
    <div class="app"><main class="main"><div data-connection hidden></div>
    <section class="transcript" aria-label="Messages" data-messages tabindex="0">
      <div class="transcript__in" data-transcript>{"".join(articles)}</div></section>
    <form class="composer" id="run-form" data-composer data-run-url="{run_url}">
      <textarea id="message" name="message" aria-label="Message"></textarea>
      <button data-send>Send</button><button type="button" data-stop hidden>Stop</button></form>
    </main></div><div data-toasts role="status"></div></body></html>"""


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a fresh build of the browser code."""
    out = tmp_path_factory.mktemp("bundle")
    bundle_build(out)
    return out


@pytest.fixture
def lab(bundle: Path) -> Iterator[Lab]:
    """Return a loopback server with an empty workbench."""
    server = Lab(bundle, page=workbench())
    yield server
    server.close()


@functools.cache
def _quiet_messages() -> tuple[str, ...]:
    return ("404 (Not Found)",)


def watch(page: Page) -> tuple[list[str], list[str]]:
    """Return two lists that fill while the page lives: the addresses it asked for, and what went wrong in it."""
    requests: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if message.type == "error" and not message.text.endswith(_quiet_messages())
            else None
        ),
    )
    return requests, faults
