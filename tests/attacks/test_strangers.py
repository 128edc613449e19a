"""What belongs to somebody does not exist for others: every URL there is, and the socket (row 9).

`ROUTES` names each route of the URLconf with what a stranger and somebody who is not signed in are answered. A new
route fails the first test until it stands in the table.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.attacks.actors import TABS, ask, at_provider, run_follow
from tests.attacks.belongings import ALL_ROUTES, CANARY, URLCONF, Belongings, belongings_make
from tests.fakes import FakeUpstream, Gate, Stream
from tests.playground.pages import Page, page_open
from tests.served import ServedProcess

pytestmark = pytest.mark.served


@dataclass(frozen=True, slots=True)
class Answer:
    """Statuses of one method of a route that leads to something of Alice's."""

    stranger: int
    nobody: int


# Somebody else's: not there. Nobody signed in: sent to sign in, or told so where a script asks.
HIDDEN_PAGE = Answer(404, 302)
HIDDEN_DEED = Answer(404, 401)
HIDDEN_FORM = Answer(404, 302)  # a form of the settings; without script, so it leads to the sign-in page
OWN_PAGE = Answer(200, 302)  # shows what belongs to whoever asks
WRONG_METHOD = Answer(405, 405)
OPEN = Answer(200, 200)

ROUTES: Final[dict[str, dict[str, Answer]]] = {
    "workbench": {"GET": Answer(302, 302), "POST": WRONG_METHOD},
    "conversation-create": {"GET": WRONG_METHOD, "POST": Answer(302, 401)},
    "conversation-list": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "conversations-organise": {"GET": WRONG_METHOD, "POST": Answer(400, 401)},  # without ids
    "conversation-keeping": {"GET": HIDDEN_PAGE, "POST": HIDDEN_DEED},
    "conversation-comments": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "message-comments": {"GET": HIDDEN_PAGE, "POST": HIDDEN_DEED},
    "comment-delete": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-show": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "search": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "usage": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "trash": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "trash-change": {"GET": WRONG_METHOD, "POST": Answer(400, 401)},
    "own-data": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "own-data-archive": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "own-data-import": {"GET": WRONG_METHOD, "POST": Answer(422, 401)},  # without a file
    "own-data-delete": {"GET": WRONG_METHOD, "POST": Answer(422, 401)},  # without the password
    "account-delete": {"GET": WRONG_METHOD, "POST": Answer(422, 401)},
    "costs": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "prices": {"GET": HIDDEN_PAGE, "POST": HIDDEN_FORM},
    "price-remove": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "prices-import": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "prices-import-apply": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "prices-fill": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "budgets": {"GET": HIDDEN_PAGE, "POST": HIDDEN_FORM},
    "budget-remove": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "conversation": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "messages-earlier": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "branch-show": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "branch-continue": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "branch-copy": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "change-undo": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "conversation-map": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "conversation-news": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-delete": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-edit": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-insert": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-move": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "visibility": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "conversation-rename": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "conversation-delete": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "column-add": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "column-choose": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "column-remove": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "column-move": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "columns-sweep": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "columns-lead": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "column-settings": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "parameters": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "request-preview": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "body": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "body-reading": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "body-words": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "run-start": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-add": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-reading": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "message-raw": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "attachment-upload": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "attachment-from-address": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "attachment": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "attachment-thumbnail": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-rest": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-stop": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "tool-calls": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-schemas": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "messages-after": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "results-send": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "tool-loop": {"GET": HIDDEN_PAGE, "POST": HIDDEN_DEED},
    "tool-mocks": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "tool-mock-create": {"GET": WRONG_METHOD, "POST": Answer(422, 401)},
    "tool-mock-update": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "tool-mock-delete": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "presets": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "preset-create": {"GET": OWN_PAGE, "POST": Answer(200, 401)},
    "preset": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "preset-save": {"GET": HIDDEN_PAGE, "POST": HIDDEN_DEED},
    "preset-change": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "preset-pin": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "preset-revert": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "preset-delete": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "preset-apply": {"GET": HIDDEN_PAGE, "POST": HIDDEN_DEED},
    "settings-take": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "tool-import": {"GET": WRONG_METHOD, "POST": Answer(200, 401)},
    "schema-code": {"GET": WRONG_METHOD, "POST": Answer(200, 401)},
    "objection": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "code": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-export": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "conversation-export": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "again": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "again-start": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "beside": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "import": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "import-preview": {"GET": WRONG_METHOD, "POST": Answer(422, 401)},
    "import-make": {"GET": WRONG_METHOD, "POST": Answer(422, 401)},
    "exchange-text": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-part": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-image": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-event": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-replay": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-prefix": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "exchange-diff": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "inspector-tab": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "settings": {"GET": Answer(302, 302)},
    "profile": {"GET": OWN_PAGE},
    "provider-list": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    "provider-create": {"GET": OWN_PAGE},
    "provider": {"GET": HIDDEN_PAGE, "POST": HIDDEN_FORM},
    "provider-delete": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "key-set": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "key-remove": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "provider-test": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "provider-models": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "team": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "team-settings": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "audit-log": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "person-update": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "invitation-create": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "invitation-revoke": {"GET": WRONG_METHOD, "POST": HIDDEN_FORM},
    "share-dialog": {"GET": HIDDEN_PAGE, "POST": WRONG_METHOD},
    "share-preview": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "share-create": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "share-update": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "share-revoke": {"GET": WRONG_METHOD, "POST": HIDDEN_DEED},
    "share-list": {"GET": OWN_PAGE, "POST": WRONG_METHOD},
    # Behind a link: hers asks for a password, so nothing of it is told to who has the link alone.
    "share": {"GET": OPEN, "POST": Answer(403, 403)},
    "share-seen": {"GET": WRONG_METHOD, "POST": Answer(204, 204)},
    "share-copy": {"GET": Answer(403, 403), "POST": Answer(403, 403)},
    "share-rerun": {"GET": Answer(403, 403), "POST": Answer(403, 403)},
    "share-export": {"GET": Answer(403, 403), "POST": WRONG_METHOD},
    "share-exchange": {"GET": Answer(403, 403), "POST": WRONG_METHOD},
    "share-attachment": {"GET": Answer(403, 403), "POST": WRONG_METHOD},
    "reference-list": {"GET": OWN_PAGE},
    "reference": {"GET": OWN_PAGE},
    "javascript-catalog": {"GET": OPEN},
    "healthz": {"GET": OPEN, "POST": WRONG_METHOD},
    # Accounts: whoever asks sees forms about themselves.
    "account_login": {"GET": Answer(302, 200)},
    "account_logout": {"GET": Answer(200, 302)},
    "account_inactive": {"GET": OPEN},
    "account_signup": {"GET": Answer(302, 200)},
    "account_reauthenticate": {"GET": OWN_PAGE},
    "account_email": {"GET": OWN_PAGE},
    "account_email_verification_sent": {"GET": OPEN},
    "account_change_password": {"GET": OWN_PAGE},
    "account_set_password": {"GET": Answer(302, 302)},
    "account_reset_password": {"GET": OPEN},
    "account_reset_password_done": {"GET": OPEN},
    "account_reset_password_from_key": {"GET": OPEN},
    "account_reset_password_from_key_done": {"GET": OPEN},
    "account_confirm_login_code": {"GET": Answer(302, 302)},
    "account_confirm_email": {"GET": OPEN},
}


@pytest.fixture(scope="module")
def belongings(alice: Page, upstream: FakeUpstream) -> Belongings:
    """Alice's provider of her own, a conversation with it, and one of everything that has an address."""
    return belongings_make(alice, upstream)


@pytest.fixture(scope="module")
def nobody(process: ServedProcess, charlie: Page) -> Page:
    """Somebody without a session."""
    client = process.client()
    return Page(process, client, charlie.conversation, charlie.provider)


def test_every_route_stands_in_the_table() -> None:
    assert set(ROUTES) == set(URLCONF)
    names = [name for name, _path in ALL_ROUTES]
    assert sorted(names) == sorted(set(names)), "two routes of one name: only one of them would be asked for"


@pytest.mark.parametrize("name", ROUTES)
def test_a_stranger_gets_nothing_of_it(name: str, belongings: Belongings, bob: Page, charlie: Page) -> None:
    path = belongings.path(name)
    for method, expected in ROUTES[name].items():
        for person in (bob, charlie):
            answer = ask(person, method, path, belongings.fields(name))
            assert (method, path, answer.status_code) == (method, path, expected.stranger)
            assert CANARY not in answer.text
            assert CANARY not in str(answer.headers)


@pytest.mark.parametrize("name", ROUTES)
def test_nobody_gets_in_without_signing_in(name: str, belongings: Belongings, nobody: Page) -> None:
    path = belongings.path(name)
    for method, expected in ROUTES[name].items():
        answer = ask(nobody, method, path, belongings.fields(name))
        assert (method, path, answer.status_code) == (method, path, expected.nobody)
        assert CANARY not in answer.text
        if expected == HIDDEN_PAGE:
            assert answer.headers["location"].startswith("/accounts/login/")


def test_a_browser_that_opens_an_address_gets_a_whole_page(belongings: Belongings) -> None:
    bare = []
    for name, methods in ROUTES.items():
        if methods["GET"] == WRONG_METHOD:
            continue
        path = belongings.path(name)
        answer = ask(belongings.page, "GET", path, accept="text/html,application/xhtml+xml,*/*;q=0.8")
        html = answer.headers.get("content-type", "").startswith("text/html")
        if html and answer.status_code < 300 and "<!doctype html>" not in answer.text[:40].lower():
            bare.append(path)
    assert not bare, "\n".join(bare)


def test_all_of_it_is_still_there_for_its_owner(belongings: Belongings) -> None:
    page = belongings.page.client.get(f"/conversations/{belongings.page.conversation}/")
    assert f"The answer is {CANARY}." in page.text
    assert "Taken over" not in page.text
    provider = belongings.page.client.get(f"/settings/providers/{belongings.provider}/")
    assert f"{CANARY} gateway" in provider.text


@pytest.mark.parametrize("tab", [*TABS, "raw", "..", "request%2f.."])
def test_no_tab_of_somebody_elses_exchange_opens(tab: str, belongings: Belongings, charlie: Page) -> None:
    answer = ask(charlie, "GET", f"/exchanges/{belongings.sent.exchange}/{tab}/")
    assert answer.status_code == 404
    assert CANARY not in answer.text


# One's own parent with somebody else's child


def test_own_conversation_does_not_open_somebody_elses_messages(
    belongings: Belongings, charlie: Page
) -> None:
    for message in belongings.messages:
        earlier = ask(charlie, "GET", f"/conversations/{charlie.conversation}/before/{message}/")
        show = ask(charlie, "POST", f"/conversations/{charlie.conversation}/show/{message}/")
        assert show.status_code == 404
        assert earlier.status_code in (200, 404)
        assert CANARY not in earlier.text + show.text


@pytest.mark.parametrize("field", ["again", "beside"])
def test_a_run_does_not_go_on_from_somebody_elses_message(
    field: str, belongings: Belongings, charlie: Page, upstream: FakeUpstream
) -> None:
    asked = len(upstream.requests)
    for message in belongings.messages:
        fields: dict[str, Any] = {field: message}
        answer = charlie.send("Go on", **fields).response
        assert answer.status_code in (404, 422)
        assert CANARY not in answer.text
    assert len(upstream.requests) == asked


def test_a_run_does_not_take_somebody_elses_id(belongings: Belongings, charlie: Page) -> None:
    answer = charlie.send("Mine", run_id=belongings.sent.run_id).response
    assert answer.status_code == 404
    assert CANARY not in answer.text


def test_somebody_elses_provider_can_neither_be_chosen_nor_shown(
    belongings: Belongings, charlie: Page
) -> None:
    page = at_provider(charlie, belongings.provider)
    assert page.send("Hello").response.status_code == 422
    for deed in ("settings", "parameters", "preview"):
        answer = ask(
            page, "POST", f"/conversations/{page.conversation}/{deed}/", page.fields("x", shown=page.provider)
        )
        assert CANARY not in answer.text
    assert CANARY not in charlie.client.get(f"/conversations/{charlie.conversation}/").text


def test_the_list_finds_only_ones_own(belongings: Belongings, charlie: Page) -> None:
    for query in (CANARY, "", "%", "A question"):
        parts = {"q": query, "current": belongings.page.conversation}
        answer = charlie.client.get("/conversations/list/", params=parts)
        assert answer.status_code == 200
        assert f"/conversations/{belongings.page.conversation}/" not in answer.text
        assert "A question about" not in answer.text


# The socket


def test_the_socket_gives_no_frame_of_somebody_elses_exchange(
    alice: Page, bob: Page, charlie: Page, upstream: FakeUpstream
) -> None:
    gate = Gate()
    page = alice.conversation_new(model=f"model-{uuid4()}")
    upstream.script(page.model, Stream(text=[f"{CANARY} ", gate, "more"]))
    exchange = page.send("Hello").exchange
    gate.wait_reached()
    for person in (bob, charlie):
        with person.socket() as socket:
            for after in (0, 1, 10**6):
                socket.follow(exchange, ref=7, after=after)
                socket.until_control(type="error", code="unknown_exchange", ref=7)
                socket.controls.clear()
            gate.release()
            socket.say(type="ping")
            socket.until_control(type="pong")
            assert all(not followed.numbers for followed in socket.followed.values())
            assert CANARY not in str(socket.controls)
    gate.open()


def test_a_deactivated_person_is_out_at_once_everywhere(
    alice: Page, process: ServedProcess, upstream: FakeUpstream
) -> None:
    dora = page_open(process, "dora")
    exchange, _followed = run_follow(dora)
    people = re.findall(r"/settings/team/people/(\d+)/", alice.client.get("/settings/team/").text)
    person = max(map(int, people))  # the newest account
    with dora.socket() as socket:
        assert (
            ask(alice, "POST", f"/settings/team/people/{person}/", {"deed": "deactivate"}).status_code == 302
        )
        assert socket.until_closed() == 4401
    assert ask(dora, "GET", f"/conversations/{dora.conversation}/").status_code == 302
    assert ask(dora, "GET", f"/exchanges/{exchange}/request/").status_code == 302
    asked = len(upstream.requests)
    assert dora.send("Still here?").response.status_code in (401, 403)
    assert len(upstream.requests) == asked
