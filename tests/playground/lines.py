"""A page behind a proxy that does to its line what bad networks do."""

import copy
from urllib.parse import urlsplit

from tests.middleman import Middleman
from tests.playground.pages import Followed, Page
from tests.served import ServedProcess


def way_to(*servers: ServedProcess) -> Middleman:
    return Middleman(*(urlsplit(server.url).netloc for server in servers))


def led(page: Page, way: Middleman) -> Page:
    """The same person, who knows the servers by the proxy's address only."""
    process = copy.copy(page.process)
    process.url = f"http://{way.address}"
    return page.at(process)


def come_back(page: Page, exchange: str, shown: Followed) -> Followed:
    """Open a new socket and follow from the last frame that was shown, to the end."""
    with page.socket() as socket:
        socket.followed[1] = shown
        socket.follow(exchange, after=shown.numbers[-1])
        return socket.until_end()
