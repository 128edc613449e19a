"""One served process for all tests of a module, each with a person of its own in it.

A server's start takes a second and a sign-up through the page another; few tests are about either. What a test counts
or finds it counts in its own conversation, and the upstream forgets what the test before it asked.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from tests.attacks.actors import sign_up_open
from tests.browser.together import Seat
from tests.fakes import FakeUpstream
from tests.playground.pages import Page as HttpPage
from tests.playground.pages import page_open, run_count
from tests.served import Installation, ServedProcess


@dataclass(frozen=True)
class House:
    """A served process whose administrator lets everybody in."""

    installation: Installation
    server: ServedProcess
    administrator: HttpPage
    environment: dict[str, str]
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def enter(self, page: Page, *, name: str = "") -> Seat:
        """Sign a new person in; they sit at an empty conversation of theirs."""
        return self.seat(page, page_open(self.server, name or f"person-{next(self._numbers)}"))

    def seat(self, page: Page, http: HttpPage) -> Seat:
        """Sign somebody in by their session's cookie; ends in the workbench."""
        page.context.add_cookies(
            [
                {"name": key, "value": value, "url": self.server.url}
                for key, value in http.client.cookies.items()
            ]
        )
        seat = Seat(page, self.server, http)
        page.goto(f"{self.server.url}/")
        expect(seat.message).to_be_visible()
        return seat

    def twin(self) -> ServedProcess:
        """Start one more process of this installation, with the same providers."""
        return self.installation.serve(**self.environment)

    def runs(self, seat: Seat) -> int:
        """Return how many runs the seat's conversation has had."""
        return run_count(self.installation, seat.http.conversation)


def house_open(
    installation: Installation, *providers: Mapping[str, Any], hosts: str = "", **environment: str
) -> House:
    """Serve with these providers of the team, who need no key unless they name one; `hosts` may be called though private."""
    with_defaults = [{"api": "generic", "auth": "none"} | dict(provider) for provider in providers]
    wanted = {"PLAYGROUND_PROVIDERS": json.dumps(with_defaults), "PLAYGROUND_PRIVATE_HOSTS": hosts}
    wanted |= environment
    served = installation.serve(**wanted)
    administrator = page_open(served, "administrator")
    sign_up_open(administrator)
    return House(installation, served, administrator, wanted)


def provider_at(upstream: FakeUpstream, **values: Any) -> dict[str, Any]:
    """Return a provider at this upstream, called Gateway unless told otherwise."""
    return {"name": "Gateway", "base_url": upstream.base_url, "models": ["m"]} | values
