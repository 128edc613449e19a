"""The page of several columns as HTML: one message stands in each of them, and yet every id is there once."""

from collections import Counter
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Exchange, Message
from conversations.selectors import column_list
from conversations.services import Ending, column_add, comment_add, recordings_write
from playground.share_export import export_markdown
from team.models import User
from tests.desk import Desk, desk_make, response
from tests.playground.share_desk import share, text

pytestmark = pytest.mark.django_db

REFERENCES = ("for", "form", "list", "aria-controls", "aria-describedby", "aria-labelledby", "aria-owns")


class Names(HTMLParser):
    """The ids of a page, and what refers to one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.named: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        for name, value in attrs:
            if name == "id" and value:
                self.ids[value] += 1
            elif name in REFERENCES and value:
                self.named.update(value.split())

    @property
    def twice(self) -> list[str]:
        return [name for name, count in self.ids.items() if count > 1]


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at three columns of one branch, whose answer was commented on and calls a tool."""
    made = desk_make(alice)
    opened = made.open("QUESTION")
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    document = response("ANSWER")
    document["choices"][0]["message"]["tool_calls"] = [call]  # type: ignore[index]  # a plain document
    exchange = opened.exchanges[0].id
    recordings_write(progress=(), endings=(Ending(exchange, Exchange.State.COMPLETED, document, None),))
    for message in Message.objects.all():
        comment_add(user=alice, message_id=message.pk, text="A comment")
    column_add(conversation=made.conversation)
    column_add(conversation=made.conversation)
    return made


def test_every_id_is_there_once_and_every_label_leads_somewhere(desk: Desk, alice_client: Client) -> None:
    names = Names(text(alice_client, f"/conversations/{desk.conversation.pk}/"))
    assert names.ids["run-form"] == 1
    assert sum(1 for name in names.ids if name.startswith("message-")) >= 6, "two messages in three columns"
    assert names.twice == []
    assert names.named - set(names.ids) == set()


def test_what_is_fetched_for_each_place_of_a_message_has_no_id(desk: Desk, alice_client: Client) -> None:
    comments = text(alice_client, reverse("conversation-comments", args=[desk.conversation.pk]))
    calls = text(alice_client, reverse("tool-calls", args=[Exchange.objects.get().pk, 0]))
    assert "A comment" in comments
    assert "Result of look" in calls
    assert not Names(comments).ids
    assert not Names(calls).ids


def test_a_shared_page_has_each_id_once_and_its_file_each_message_once(desk: Desk, client: Client) -> None:
    link = share(desk, columns=[column.pk for column in column_list(conversation=desk.conversation)])
    names = Names(text(client, link.path))
    assert names.twice == []
    assert names.named - set(names.ids) == set()
    file = text(client, f"{link.path}export/markdown/")
    assert (file.count("\n\nQUESTION"), file.count("\n\nANSWER")) == (1, 1)


def test_a_file_of_columns_says_first_what_they_have_in_common() -> None:
    def said(role: str, words: str) -> dict[str, object]:
        return {"role": role, "parts": [{"type": "text", "text": words}], "tool_calls": []}

    document = {
        "title": "",
        "messages": [said("user", "q"), said("assistant", "a"), said("assistant", "b")],
        "columns": [
            {"model": "m", "system": "", "branch": [0, 1]},
            {"model": "n", "system": "S", "branch": [0, 2]},
        ],
    }
    assert export_markdown(document).split("\n\n") == [
        "## user", "q", "# A · m", "## assistant", "a", "# B · n", "## system", "S", "## assistant", "b\n",
    ]  # fmt: skip
