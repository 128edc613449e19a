"""Who gets what: the owner, who may write, who may look, who was locked out, and who reads a link, at every address.

`tests/attacks/test_strangers.py` says what a stranger and somebody who is not signed in are answered there. Whatever it
hides from a stranger stands in `RIGHTS`, with what the team is answered where the conversation is shown to it; the owner is
let in everywhere. So nothing is hidden only because it is not there at all.
"""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import httpx
import pytest

from tests.attacks.actors import ask
from tests.attacks.belongings import CANARY, PASSWORD, Belongings, belongings_make
from tests.attacks.test_strangers import ROUTES, WRONG_METHOD, belongings
from tests.attacks.test_team import deactivated, show_to
from tests.fakes import FakeUpstream
from tests.playground.pages import Page, Socket
from tests.served import ServedProcess

pytestmark = pytest.mark.served
__all__ = ["belongings", "deactivated"]  # the fixtures

IN: Final = 0
"""Let in: whatever the form then says of what is filled in."""


@dataclass(frozen=True, slots=True)
class Right:
    """What the team is answered where a conversation is shown to it: to look at, or to look and write."""

    looks: int
    writes: int


SEEN = Right(IN, IN)
WRITTEN = Right(403, IN)
OWNERS = Right(403, 403)
PERSONAL = Right(404, 404)  # the owner's own things, and the pages of administrators

RIGHTS: Final[dict[str, Right]] = {
    "GET conversation": SEEN,
    "GET messages-earlier": SEEN,
    "GET message-show": SEEN,
    "GET conversation-keeping": SEEN,
    "POST conversation-keeping": SEEN,  # pins, tags: each has their own
    "GET conversation-comments": SEEN,
    "GET message-comments": SEEN,
    "POST message-comments": SEEN,  # who may look may say something about it
    "POST comment-delete": PERSONAL,
    "POST branch-show": SEEN,  # leads no column of who may only look
    "POST branch-copy": SEEN,  # into a conversation of their own
    "POST branch-continue": WRITTEN,
    "POST change-undo": WRITTEN,
    "GET conversation-map": SEEN,
    "POST conversation-news": SEEN,
    "POST message-delete": WRITTEN,
    "POST message-edit": WRITTEN,
    "POST message-insert": WRITTEN,
    "POST message-move": WRITTEN,
    "POST visibility": OWNERS,
    "POST conversation-rename": WRITTEN,
    "POST conversation-delete": OWNERS,
    "POST column-add": WRITTEN,
    "GET column-choose": SEEN,
    "POST column-remove": WRITTEN,
    "POST column-move": WRITTEN,
    "POST columns-sweep": WRITTEN,
    "POST columns-lead": WRITTEN,
    "POST column-settings": WRITTEN,
    "POST parameters": SEEN,  # rows of fields, of nothing that is kept
    "POST request-preview": SEEN,
    "POST body": SEEN,
    "POST body-reading": SEEN,
    "POST run-start": WRITTEN,
    "POST message-add": WRITTEN,
    "POST message-reading": SEEN,
    "GET message-raw": SEEN,
    "POST attachment-upload": WRITTEN,
    "POST attachment-from-address": WRITTEN,
    "GET attachment": SEEN,
    "GET attachment-thumbnail": SEEN,
    "GET exchange-rest": SEEN,
    "POST exchange-stop": WRITTEN,
    "GET tool-calls": SEEN,
    "GET exchange-schemas": SEEN,
    "GET messages-after": SEEN,
    "POST results-send": WRITTEN,
    "GET tool-loop": SEEN,
    "POST tool-loop": WRITTEN,
    "POST tool-mock-update": PERSONAL,
    "POST tool-mock-delete": PERSONAL,
    "GET preset": PERSONAL,
    "GET preset-save": PERSONAL,
    "POST preset-save": PERSONAL,
    "POST preset-change": PERSONAL,
    "POST preset-pin": PERSONAL,
    "POST preset-revert": PERSONAL,
    "POST preset-delete": PERSONAL,
    "GET preset-apply": PERSONAL,
    "POST preset-apply": Right(403, 404),
    "POST settings-take": WRITTEN,
    "GET objection": SEEN,
    "GET code": SEEN,
    "GET exchange-export": SEEN,
    "GET conversation-export": SEEN,
    "GET again": Right(404, IN),
    "POST again-start": Right(404, IN),
    "GET beside": SEEN,
    "GET exchange-text": SEEN,
    "GET exchange-part": SEEN,
    "GET exchange-image": SEEN,
    "GET exchange-event": SEEN,
    "GET exchange-replay": SEEN,
    "GET exchange-prefix": SEEN,
    "GET exchange-diff": SEEN,
    "GET inspector-tab": SEEN,
    "GET provider": PERSONAL,
    "POST provider": PERSONAL,
    "POST provider-delete": PERSONAL,
    "POST key-set": PERSONAL,
    "POST key-remove": PERSONAL,
    "POST provider-test": PERSONAL,
    "POST provider-models": PERSONAL,
    "GET team": PERSONAL,
    "POST team-settings": PERSONAL,
    "GET audit-log": PERSONAL,
    "POST person-update": PERSONAL,
    "POST invitation-create": PERSONAL,
    "POST invitation-revoke": PERSONAL,
    "GET prices": PERSONAL,
    "POST prices": PERSONAL,
    "POST price-remove": PERSONAL,
    "POST prices-import": PERSONAL,
    "POST prices-import-apply": PERSONAL,
    "POST prices-fill": PERSONAL,
    "GET budgets": PERSONAL,
    "POST budgets": PERSONAL,
    "POST budget-remove": PERSONAL,
    "GET share-dialog": SEEN,  # says that only the owner makes links
    "POST share-preview": OWNERS,
    "POST share-create": OWNERS,
    "POST share-update": PERSONAL,
    "POST share-revoke": PERSONAL,
}
HIDDEN: Final = frozenset(
    f"{method} {name}"
    for name, methods in ROUTES.items()
    for method, answer in methods.items()
    if answer.stranger == 404
)
DESTROYS: Final = frozenset(
    f"POST {name}"
    for name in (
        "budget-remove", "column-remove", "comment-delete", "conversation-delete", "message-delete", "preset-delete",
        "price-remove", "provider-delete", "share-revoke", "tool-mock-delete",
    )
)  # fmt: skip
"""Deeds after which nobody finds there what was there: who may do them gets something of their own to destroy."""

READERS: Final = {
    "GET share": 200,
    "POST share": 302,  # opened already
    "GET share-copy": 302,  # an account of one's own comes first
    "POST share-copy": 302,
    "GET share-rerun": 302,
    "POST share-rerun": 302,
    "GET share-export": 200,
    "GET share-exchange": 200,
    "GET share-attachment": 200,
}
"""What a link leads to, once it was opened."""


@pytest.fixture(scope="module")
def spare(alice: Page, upstream: FakeUpstream) -> Belongings:
    """Other things of Alice's, which are changed here."""
    return belongings_make(alice, upstream)


@pytest.fixture
def things(request: pytest.FixtureRequest, alice: Page, upstream: FakeUpstream) -> Belongings:
    """What `wish`, a method and a route, is asked of."""
    asked = request.node.callspec.params
    wish = asked["wish"]
    if wish in DESTROYS and due(wish, asked.get("visibility", "")) == IN:
        return belongings_make(alice, upstream)
    kept: Belongings = request.getfixturevalue("spare" if wish.startswith("POST") else "belongings")
    return kept


@pytest.fixture(scope="module")
def reader(process: ServedProcess, belongings: Belongings) -> Page:
    """Somebody without an account who has opened Alice's link."""
    page = Page(process, process.client(), "", "")
    opened = ask(page, "POST", belongings.share.path, {"password": PASSWORD})
    assert opened.status_code == 302
    return page


@pytest.fixture(scope="module")
def shown(alice: Page, belongings: Belongings) -> None:
    """All of the team may see and change what these tests ask for."""
    show_to(alice, belongings, "team_edit")


def due(wish: str, visibility: str) -> int:
    """Return what the team is answered where this is shown to it; the owner where it is not."""
    return {"team": RIGHTS[wish].looks, "team_edit": RIGHTS[wish].writes}.get(visibility, IN)


def wished(person: Page, wish: str, things: Belongings) -> httpx.Response:
    """Ask for what `wish` names, with fields that every form would take."""
    method, name = wish.split()
    fields = things.fields(name) | {"visibility": "private", "text": "Mine"}
    path = things.path(name).replace(str(things.sent.run_id), str(uuid4()))  # a run of one's own
    return ask(person, method, path, fields)


def assert_let_in(answer: httpx.Response) -> None:
    """Past every question of whose it is; what is asked for may still make no sense."""
    assert answer.status_code in (200, 204, 302, 400, 409, 422), answer.text[:500]
    assert not answer.headers.get("location", "").startswith("/accounts/")


def test_everything_that_is_hidden_from_strangers_says_who_else_gets_it() -> None:
    assert set(RIGHTS) == HIDDEN


@pytest.mark.parametrize("wish", RIGHTS)
def test_its_owner_gets_it(wish: str, things: Belongings, alice: Page) -> None:
    assert_let_in(wished(alice, wish, things))


@pytest.mark.parametrize("visibility", ["team", "team_edit"])
@pytest.mark.parametrize("wish", RIGHTS)
def test_the_team_gets_what_it_is_shown(
    wish: str, visibility: str, things: Belongings, alice: Page, bob: Page
) -> None:
    show_to(alice, things, visibility)
    expected = due(wish, visibility)
    answer = wished(bob, wish, things)
    if expected == IN:
        assert_let_in(answer)
    else:
        assert answer.status_code == expected, answer.text[:500]
    assert f"{CANARY} gateway" not in answer.text  # a provider of hers is not theirs to know


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("name", ROUTES)
def test_who_is_out_is_nobody(name: str, belongings: Belongings, deactivated: Page) -> None:
    for method, expected in ROUTES[name].items():
        if expected == WRONG_METHOD:
            continue
        answer = ask(deactivated, method, belongings.path(name), belongings.fields(name))
        assert (method, answer.status_code) == (method, expected.nobody)
        assert CANARY not in answer.text


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("name", ROUTES)
def test_who_reads_a_link_gets_what_it_shows_and_nothing_else(
    name: str, belongings: Belongings, reader: Page
) -> None:
    for method, expected in ROUTES[name].items():
        if expected == WRONG_METHOD:
            continue
        answer = ask(reader, method, belongings.path(name), belongings.fields(name))
        status = READERS.get(f"{method} {name}", expected.nobody)
        assert (method, answer.status_code) == (method, status)
        assert f"{CANARY} gateway" not in answer.text
        if not name.startswith("share"):
            assert CANARY not in answer.text


def test_who_reads_a_link_has_no_socket(reader: Page) -> None:
    assert Socket(reader.process.socket(reader.client)).until_closed() == 4401
