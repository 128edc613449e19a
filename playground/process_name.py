"""How server processes are told apart in the database, and which of them are certainly dead.

A name is `<host>/<place>/<pid>/<random>`. The place is one boot of one machine and one space of process ids, so that only
there a process id says whether its process lives.
"""

import os
import socket
from pathlib import Path
from uuid import uuid4


def _place() -> str:
    """Return this boot and space of process ids; "" where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot[:8]}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def name_make() -> str:
    """Return the name of this process."""
    host = socket.gethostname().replace("/", "")[:16]
    return f"{host}/{_place()}/{os.getpid()}/{uuid4().hex[:8]}"


def is_dead(name: str, *, own: str) -> bool:
    """Whether the process with this name certainly runs no more. False where that cannot be told from here."""
    if name == own or name.count("/") != 3:
        return False
    host, place, pid, _random = name.split("/")
    if not place or [host, place] != own.split("/")[:2] or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return True  # an earlier process had our number
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
