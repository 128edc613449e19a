"""The product as a visitor meets it: a served process with an account, a conversation and a provider, ready to be loaded."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery staple"
_CONVERSATIONS = """
from conversations.services import conversation_create
from team.models import User
owner = User.objects.get(username="bench")
print(*(conversation_create(owner=owner, settings={}).pk for _ in range(6000)))
"""


def load_tools() -> ModuleType:
    """Return the load client; PLAYGROUND_LOAD names its folder. Exits with a sentence where it is not there."""
    folder = Path(os.environ.get("PLAYGROUND_LOAD") or ROOT.parent / "shared" / "load")
    if not (folder / "load.py").is_file():
        raise SystemExit(
            f"There are no load tools in {folder}; set PLAYGROUND_LOAD to the folder that holds load.py."
        )
    sys.path.insert(0, str(folder))
    import load  # type: ignore[import-not-found]  # lives outside of the repository

    module: ModuleType = load
    return module


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass
class Product:
    """One served process, and everything a signed-in page sends to it."""

    port: int
    pid: int
    cookies: str
    token: str
    conversations: list[str]
    provider: str
    start_seconds: float
    variables: dict[str, str]

    def shell(self, code: str) -> str:
        """Return what some Python prints inside Django, on this product's database."""
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        done = subprocess.run(
            command, cwd=ROOT, env=self.variables, check=True, capture_output=True, text=True
        )
        return done.stdout

    def conversations_take(self, count: int) -> list[str]:
        """Return conversations that nobody has used: what was said before is not sent along."""
        taken, self.conversations = self.conversations[:count], self.conversations[count:]
        if len(taken) < count:
            raise RuntimeError("there are no more fresh conversations")
        return taken

    def _answer(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            answer = b""
            while not response_is_whole(answer):
                answer += connection.recv(65536)
        return answer

    def send(self, model: str, conversation: str) -> str:
        """Press Send; return the exchange."""
        return exchange_in(self._answer(self.post(model, conversation=conversation)))

    def post(self, model: str, *, conversation: str = "", path: str = "", **fields: str) -> bytes:
        """Return the bytes of a press of Send, or of another POST."""
        base = {
            "message": "Hello",
            "provider": self.provider,
            "model": model,
            "system": "",
            "parameters": json.dumps({"stream": "true"}),
        }
        body = urlencode(base | fields).encode()
        path = path or f"/conversations/{conversation}/runs/{uuid4()}/"
        lines = (
            f"POST {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Origin: http://127.0.0.1:{self.port}",
            f"X-CSRFToken: {self.token}",
            f"Cookie: {self.cookies}",
            "Content-Type: application/x-www-form-urlencoded",
            "HX-Request: true",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def socket(self, load: Any) -> socket.socket:
        """Open the page's socket."""
        opened: socket.socket
        opened, rest = load.ws_connect(self.port, "/ws/exchanges/", f"Cookie: {self.cookies}\r\n")
        if b"hello" not in rest:
            load.recv_until(opened, b"hello")
        return opened


def follow_frame(load: Any, exchange: str, ref: int = 1) -> bytes:
    """Return the websocket frame that follows an exchange from its start."""
    text = json.dumps({"type": "follow", "exchange": exchange, "ref": ref, "after": 0})
    frame: bytes = load.wsframe(text)
    return frame


def exchange_in(answer: bytes) -> str:
    """Return the exchange that a press of Send was answered with."""
    found = re.search(rb'data-exchange="([0-9a-f-]{36})"', answer)
    if found is None:
        raise RuntimeError(f"no run was made: {answer[:300]!r}")
    return found[1].decode()


def response_is_whole(data: bytes) -> bool:
    """Whether these bytes are a complete HTTP response."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


@contextlib.contextmanager
def product_served(upstream_port: int, **environment: str) -> Iterator[Product]:
    """Serve the product on a folder of its own and sign somebody up."""
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder:
        port = free_port()
        provider = {
            "name": "Fake",
            "base_url": f"http://127.0.0.1:{upstream_port}/v1",
            "key": "sk-bench-0123456789abcdef",
        }
        variables = {
            **{k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")},
            "PLAYGROUND_DATA": folder,
            "PORT": str(port),
            "PLAYGROUND_LOCAL_MODEL": "0",
            "PLAYGROUND_RUNS_PER_PERSON": "0",
            "PLAYGROUND_RUNS_PER_PROVIDER": "0",
            "PLAYGROUND_PROVIDERS": json.dumps([provider]),
            "PLAYGROUND_PRIVATE_HOSTS": f"127.0.0.1:{upstream_port}",
            **environment,
        }  # fmt: skip
        command = [sys.executable, "manage.py"]
        subprocess.run([*command, "migrate", "-v", "0"], cwd=ROOT, env=variables, check=True)
        begun = time.monotonic()
        process = subprocess.Popen(
            [*command, "serve"], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True
        )
        try:
            if "is ready at" not in (process.stdout.readline() if process.stdout else ""):
                raise SystemExit("The server did not start.")
            product = _signed_up(port, process.pid, time.monotonic() - begun, variables)
            product.conversations = product.shell(_CONVERSATIONS).split()
            yield product
        finally:
            process.terminate()
            process.wait()


def _signed_up(port: int, pid: int, start_seconds: float, variables: dict[str, str]) -> Product:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", trust_env=False, follow_redirects=True, timeout=30
    ) as client:
        client.get("/accounts/signup/")
        fields = {
            "username": "bench",
            "email": "bench@example.com",
            "password1": PASSWORD,
            "password2": PASSWORD,
        }
        headers = {"X-CSRFToken": client.cookies["csrftoken"], "Origin": f"http://127.0.0.1:{port}"}
        page = client.post("/accounts/signup/", data=fields, headers=headers)
        provider = re.search(r'<option[^>]*value="([0-9a-f-]{36})"', page.text)
        if provider is None:
            raise SystemExit(f"Nobody could sign up: {page.status_code}\n{page.text[:500]}")
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        token = client.cookies["csrftoken"]
    return Product(port, pid, cookies, token, [], provider[1], start_seconds, variables)
