"""A file or a message that anybody may have written: refused in a sentence, or every page that shows it opens."""

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from django.test import Client

from conversations import services
from conversations.models import Conversation, Exchange, ToolMock
from tests.desk import Desk, response
from tests.playground.test_own_data import archive_of, files_of, packed
from upstream.formats import playground_json

EXCHANGE: Final = ("exchanges", 0)
ANSWER: Final = ("messages", 1)
EARLY: Final = "0001-01-01T00:00:00+14:00"
LATE: Final = "9999-12-31T23:59:59+00:00"
REFUSED: Final[Mapping[str, tuple[tuple[str | int, ...], Any]]] = {
    "made before all clocks": (("created",), EARLY),
    "changed after all clocks": (("updated",), LATE),
    "said before all clocks": ((*ANSWER, "created"), EARLY),
    "sent before all clocks": ((*EXCHANGE, "created"), EARLY),
    "pruned before all clocks": ((*EXCHANGE, "response", "trace", "pruned"), EARLY),
    "a time of more digits than a float has": ((*EXCHANGE, "timing", "ended"), 10**400),
    "a time that no axis holds": ((*EXCHANGE, "timing", "first_byte"), 1e308),
    "more columns than a page has": (("columns",), 9),
}
SHOWN: Final[Mapping[str, tuple[tuple[str | int, ...], Any]]] = {
    "a part whose type is a list": ((*ANSWER, "content"), [{"type": [1]}]),
    "an image that is a number": ((*ANSWER, "content"), [{"type": "image_url", "image_url": 5}]),
    "a call of a number": (
        (*ANSWER, "tool_calls"),
        [{"function": 5}, {"id": [], "custom": {"name": "look"}}],
    ),
    "a body nested past the stack": (
        (*EXCHANGE, "request", "body"),
        '{"messages":' + "[" * 900 + "]" * 900 + "}",
    ),
    "a body with a number of 5,000 digits": (
        (*EXCHANGE, "request", "body"),
        f'{{"messages":[{"9" * 5_000}]}}',
    ),
    "usage that is a list": ((*EXCHANGE, "usage"), [1]),
    "an error of other types": ((*EXCHANGE, "error"), {"kind": [1], "status": {}, "retry_after": "x"}),
}


@pytest.fixture
def exported(desk: Desk, alice_client: Client) -> dict[str, Any]:
    """A conversation of one question and one answer, as its export says it."""
    exchange = desk.open().exchanges[0].id
    ending = services.Ending(exchange, Exchange.State.COMPLETED, response(), None, {"ended": 900.0})
    services.recordings_write(progress=(), endings=[ending])
    said = alice_client.get(f"/conversations/{desk.conversation.pk}/export/json/").content
    document: dict[str, Any] = json.loads(said)
    return document


def changed(document: dict[str, Any], at: tuple[str | int, ...], value: Any) -> str:
    """Return the document with another value somewhere in its conversation; a number of columns is that many."""
    document = copy.deepcopy(document)
    place: Any = document["conversations"][0]
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = place[at[-1]] * value if at == ("columns",) else value
    return json.dumps(document)


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_page_could_show_is_refused(
    what: str, exported: dict[str, Any], alice_client: Client
) -> None:
    answer = alice_client.post("/import/make/", {"text": changed(exported, *REFUSED[what])})

    assert answer.status_code == 422
    assert str(REFUSED[what][0][-1]) in answer.content.decode(), "which member it is"
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize("what", SHOWN)
def test_what_came_in_opens_on_every_page(what: str, exported: dict[str, Any], alice_client: Client) -> None:
    alice_client.post("/import/make/", {"text": changed(exported, *SHOWN[what])})
    made = Conversation.objects.latest("pk")
    exchange = Exchange.objects.get(run__conversation=made)
    answer = made.messages.get(role="assistant")
    pages = [
        f"/conversations/{made.pk}/{page}" for page in ("", "map/", "share/", f"messages/{answer.pk}/raw/")
    ]
    pages += [f"/conversations/{made.pk}/export/{form}/" for form in ("json", "har", "markdown", "jsonl")]
    tabs = (
        "request",
        "response",
        "events",
        "timing",
        "tokens",
        "code",
        "diff",
        "replay",
        "objection",
        "again",
    )
    pages += [f"/exchanges/{exchange.pk}/{tab}/" for tab in tabs]
    column = made.columns.get().pk

    statuses = {page: alice_client.get(page).status_code for page in pages}
    taken = alice_client.post(f"/conversations/{made.pk}/settings/from/{exchange.pk}/", {"column": column})

    assert statuses == dict.fromkeys(pages, 200)
    assert taken.status_code in (200, 422)


def test_a_message_typed_with_calls_of_nothing_leaves_its_conversation_readable(
    desk: Desk, alice_client: Client
) -> None:
    raw = {"role": "assistant", "tool_calls": [{"function": 5}, {"custom": {"name": "look", "input": "up"}}]}
    path = f"/conversations/{desk.conversation.pk}/"

    added = alice_client.post(f"{path}messages/", {"raw": json.dumps(raw)})
    shown = alice_client.get(path)

    assert (added.status_code, shown.status_code) == (200, 200)
    assert "look" in shown.content.decode()


def test_an_archive_of_two_equal_tool_results_comes_back(desk: Desk) -> None:
    for _copy in range(2):
        ToolMock.objects.create(owner=desk.person, name="look", match="any", result="{}")

    read = services.archive_read(user=desk.person, file=packed(files_of(archive_of(desk.person))))

    assert read.refused == ()
    assert ToolMock.objects.filter(owner=desk.person).count() == 2


def test_a_file_may_have_as_many_columns_as_a_page() -> None:
    assert playground_json.MAX_COLUMNS == services.MAX_COLUMNS
