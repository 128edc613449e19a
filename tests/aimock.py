"""@copilotkit/aimock, an upstream written elsewhere in another language, as a process of its own."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.conftest import ROOT, missing

CLI = ROOT / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
READY_WITHIN: Final = 60.0


def is_there() -> bool:
    """Whether it can be started here."""
    return _node() is not None and CLI.exists()


def _node() -> str | None:
    return shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))


def _address(process: "subprocess.Popen[str]") -> str:
    """Return where it listens, once it says so."""
    assert process.stdout is not None
    late = threading.Timer(READY_WITHIN, process.kill)  # then its output ends, too
    late.start()
    said = ""
    try:
        for line in process.stdout:
            said += line
            if found := re.search(r"listening on (http://\S+)", line):
                return found[1]
    finally:
        late.cancel()
    raise RuntimeError(f"aimock did not start: {said}")


@contextmanager
def aimock_run(folder: Path, fixtures: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Run it with these fixtures while the block lasts; give its base URL. Skips, in CI fails, where it is missing."""
    node = _node()
    if node is None or not CLI.exists():
        missing("Node or @copilotkit/aimock is missing (npm ci)")
    file = folder / "fixtures.json"
    file.write_text(json.dumps({"fixtures": list(fixtures)}))
    command = [str(node), str(CLI), "--port", "0", "--fixtures", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield f"{_address(process)}/v1"
        finally:
            process.kill()  # asked to stop, it waits for whoever still holds a connection
