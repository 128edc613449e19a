"""Secrets that the product makes for itself: files of mode 0600 in the data folder.

Two processes that start at once must agree, so a file is written under another name and then linked: whoever comes
second reads what the first one wrote.
"""

import base64
import binascii
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path


def word_read(path: Path) -> str:
    """Return the secret kept in `path`, making a random one of 64 characters first when the file is missing.

    Raises ValueError when the file is empty, OSError when it cannot be read or written.
    """
    return _lines_read(path, make=lambda: secrets.token_urlsafe(48))[0]


def vault_keys_read(data_dir: Path) -> list[str]:
    """Return the keys that encrypt API keys at rest, the newest first; make one when there is none.

    Each line of `vault_keys` is a Fernet key (32 bytes, URL-safe base64). To change the key, put a new line on top
    and keep the old ones below it. Raises ValueError when a line is not such a key.
    """
    path = data_dir / "vault_keys"
    keys = _lines_read(path, make=lambda: base64.urlsafe_b64encode(os.urandom(32)).decode())
    for number, key in enumerate(keys, start=1):
        try:
            size = len(base64.urlsafe_b64decode(key))
        except (binascii.Error, ValueError):
            size = 0
        if size != 32:
            raise ValueError(f"line {number} of {path} is not a Fernet key (32 bytes, URL-safe base64)")
    return keys


def _lines_read(path: Path, *, make: Callable[[], str]) -> list[str]:
    if not path.exists():
        _write_once(path, make())
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    lines = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"{path} is empty; delete it to have a new one made, or restore it from a backup")
    return lines


def _write_once(path: Path, text: str) -> None:
    """Write the file unless another process was faster; never leave half of it behind."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)
