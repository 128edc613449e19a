"""Listening sockets, opened before anything else so that a taken port is reported at once."""

import socket
from typing import Any

BACKLOG = 1024  # connections the kernel keeps for us while we are busy


def sockets_listen(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets for each address of `host`. Port 0 takes one free port for all of them.

    Raises OSError when an address is in use or does not belong to this machine.
    """
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in _addresses(host, port):
            listening = socket.socket(family, kind, protocol)
            sockets.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            taken = sockets[0].getsockname()[1] if len(sockets) > 1 else port
            listening.bind((address[0], taken, *address[2:]))
            listening.listen(BACKLOG)
            listening.setblocking(False)
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def _addresses(host: str, port: int) -> list[tuple[Any, ...]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # A name such as localhost has an IPv6 address even on machines that cannot use it: the first family decides.
    return [entry for entry in dict.fromkeys(found) if entry[0] == found[0][0]]
