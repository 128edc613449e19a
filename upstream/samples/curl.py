"""Shell with curl."""

import json
import shlex

from upstream.samples.request import SampleHeader, SampleRequest


def curl(request: SampleRequest) -> str:
    """Return a command for a POSIX shell that sends exactly this request.

    Everything stands in single quotes, in which a shell changes nothing; only a secret's variable is in double quotes.
    `--no-buffer` shows a stream as it comes.
    """
    parts = ["curl", shlex.quote(request.url)]
    if _streams(request.body):
        parts.append("--no-buffer")
    if request.method != "POST":
        parts.append(f"--request {shlex.quote(request.method)}")
    parts += [f"--header {_header(header)}" for header in request.headers]
    if request.body:
        parts.append(f"--data-raw {shlex.quote(request.body)}")
    return " ".join(parts[:2]) + "".join(f" \\\n  {part}" for part in parts[2:])


def _header(header: SampleHeader) -> str:
    if not header.variable:
        return shlex.quote(f"{header.name}: {header.before}")
    quoted = shlex.quote(f"{header.name}: {header.before}") + f'"${header.variable}"'
    return quoted + shlex.quote(header.after) if header.after else quoted


def _streams(body: str) -> bool:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("stream") is True
