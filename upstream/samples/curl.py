"""Shell with curl."""

import re
import shlex

from upstream.samples.request import BODY_FILE, SampleRequest, SampleText


def curl(request: SampleRequest) -> str:
    """Return a command for a POSIX shell that sends exactly this request.

    Everything stands in single quotes, in which a shell changes nothing; only a secret's variable is in double quotes.
    `--no-buffer` shows a stream as it comes.
    """
    parts = ["curl", _quoted(request.url)]
    if re.search(r"[\[\]{}]", request.url.before + request.url.after):
        parts.append("--globoff")
    if request.streams:
        parts.append("--no-buffer")
    if request.method != "POST" or not request.body:
        parts.append(f"--request {shlex.quote(request.method)}")
    parts += [f"--header {_quoted(value, f'{name}: ')}" for name, value in request.headers]
    if request.in_file:
        parts.append(f"--data-binary @{BODY_FILE}")
    elif request.body:
        parts.append(f"--data-raw {shlex.quote(request.body)}")
    return " ".join(parts[:2]) + "".join(f" \\\n  {part}" for part in parts[2:]) + "\n"


def _quoted(value: SampleText, prefix: str = "") -> str:
    if not value.variable:
        return shlex.quote(prefix + value.before)
    begin = shlex.quote(prefix + value.before) if prefix + value.before else ""
    return f'{begin}"${value.variable}"' + (shlex.quote(value.after) if value.after else "")
