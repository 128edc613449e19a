"""The local model's own process: llama.cpp's OpenAI-compatible server on a loopback port.

`python -m playground.local_model_process WEIGHTS ALIAS PORT` prints its address (one line) once it answers and ends
when its standard input closes. Imports nothing of Django, so that it starts in a second.
"""

import os
import socket
import sys
import threading
from pathlib import Path

CONTEXT = 8192  # tokens, what the model was trained for; shared by the slots
SLOTS = 4  # answers at once, and so the largest n


def serve(weights: Path, alias: str, preferred_port: int) -> None:
    """Answer until standard input closes."""
    try:
        import xllamacpp
    except ImportError as problem:
        sys.exit(f"The local model's library cannot be loaded: {problem}")

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.model_alias = {alias}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = preferred_port if _is_free(preferred_port) else 0
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = SLOTS
    parameters.kv_unified = True  # one answer may use the whole context while the other slots are empty
    # Half of the cores: its threads wait for each other in a busy loop, which starves a machine that does anything else.
    parameters.cpuparams.n_threads = max(1, min(4, (os.cpu_count() or 1) // 2))
    parameters.cache_ram_mib = 64
    parameters.endpoint_slots = False  # it would show other people's prompts
    parameters.cors_origins = "http://127.0.0.1"  # not "*": no web page has any business here
    parameters.ui = False
    parameters.verbosity = 1
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)  # noqa: T201 - the parent reads it
    threading.Event().wait()


def end_with_parent() -> None:
    """End this process as soon as standard input closes, whatever the model is doing."""
    sys.stdin.buffer.read()
    os._exit(0)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
