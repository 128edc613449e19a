"""The list, what is done with several conversations, tags, what is unread, the trash, comments: and for whom."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conversations import selectors, services
from conversations.models import Comment, Conversation, Exchange, Message, Tag
from conversations.selectors import ListFilter, Shelf
from playground.views.desk import NEWEST
from team.models import User
from tests.cast import client_of
from tests.desk import Desk, desk_make
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at her own, empty conversation."""
    return desk_make(alice)


def made(owner: User, title: str = "", **fields: object) -> Conversation:
    conversation = services.conversation_create(owner=owner, settings={})
    Conversation.objects.filter(pk=conversation.pk).update(title=title, **fields)
    conversation.refresh_from_db()
    return conversation


def titles(client: Client, **query: str) -> list[str]:
    html = client.get("/conversations/list/", query).content.decode()
    return [
        part.split('"')[0] for part in html.split('class="conv"')[1:] for part in [part.split('title="')[1]]
    ]


def organise(client: Client, deed: str, *conversations: Conversation, **more: object) -> int:
    fields = {"deed": deed, "ids": [each.pk for each in conversations], **more}
    return client.post("/conversations/organise/", fields).status_code


def test_the_list_comes_in_pages_that_miss_and_repeat_nothing(alice: User, alice_client: Client) -> None:
    now = timezone.now()
    for number in range(120):  # several changed in the same moment
        made(
            alice, f"chat {number:03}", updated=now - timedelta(minutes=number // 3), pinned=number % 40 == 0
        )
    seen: list[str] = []
    href = "/conversations/list/"
    while href:
        html = alice_client.get(href).content.decode()
        seen += [part.split('"')[0] for part in html.split('title="chat ')[1:]]
        if not seen or len(seen) == 50:
            made(alice, "came meanwhile")
        more = html.split('hx-get="/conversations/list/?')
        href = (
            "/conversations/list/?" + more[-1].split('"')[0].replace("&amp;", "&")
            if "side__more" in html
            else ""
        )
    assert len(seen) == 120
    assert len(set(seen)) == 120
    assert seen[:3] == ["000", "040", "080"]


@pytest.mark.parametrize("after", ["x", "1.2", "1.99999999999999999.00", "0.1.%00", "١.1.1.1", "9" * 5000])
def test_a_place_that_makes_no_sense_is_the_beginning(after: str, alice_client: Client) -> None:
    assert alice_client.get("/conversations/list/", {"after": after}).status_code == 200


@pytest.mark.parametrize("view", ["mine", "tag-", "tag-x", "tag-٣", "'"])
def test_a_view_that_there_is_not_is_not_there(view: str, alice_client: Client) -> None:
    assert alice_client.get("/conversations/list/", {"view": view}).status_code == 404


@pytest.mark.parametrize("count", [3, 40])
def test_a_page_of_the_list_takes_the_same_queries_whatever_its_length(
    count: int, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        conversation = made(alice, f"chat {number}")
        services.conversation_tags_set(user=alice, pk=conversation.pk, names=["a", "b"])
        services.conversation_seen(user=alice, conversation=conversation)
    with django_assert_num_queries(2):
        page = selectors.conversation_list(user=alice)
    assert len(page.rows) == count


def test_several_are_pinned_archived_and_tagged_at_once(alice: User, alice_client: Client) -> None:
    one, two = made(alice, "one"), made(alice, "two")
    assert organise(alice_client, "pin", one, two) == 200
    assert all(Conversation.objects.values_list("pinned", flat=True))
    assert organise(alice_client, "tag", one, tags="work, 工作, work,") == 200
    assert list(Tag.objects.filter(conversations=one).values_list("name", flat=True)) == ["work", "工作"]
    tag = Tag.objects.get(name="work")
    assert titles(alice_client, view=f"tag-{tag.pk}") == ["one"]
    assert organise(alice_client, "archive", two) == 200
    assert titles(alice_client) == ["one"]
    assert titles(alice_client, view="archived") == ["two"]
    assert organise(alice_client, "unarchive", two) == 200
    assert set(titles(alice_client)) == {"one", "two"}
    assert organise(alice_client, "explode", two) == 400
    assert organise(alice_client, "pin") == 400
    assert alice_client.post("/conversations/organise/", {"deed": "pin", "ids": ["x"]}).status_code == 404


def test_nobody_does_anything_with_other_peoples(alice: User, bob: User, bob_client: Client) -> None:
    private = made(alice, "private")
    team = made(alice, "team", visibility="team")
    mine = made(bob, "mine")
    for deed in ("pin", "unpin", "archive", "unarchive", "trash"):
        for theirs in (private, team):
            assert organise(bob_client, deed, mine, theirs) == 404
    assert organise(bob_client, "tag", private, tags="x") == 404
    assert organise(bob_client, "tag", team, tags="x") == 200  # a tag of his own, that only he sees
    mine.refresh_from_db()
    assert (mine.pinned, mine.archived, mine.trashed) == (False, False, None)  # nor with his own beside it
    assert titles(bob_client, view="team") == ["team"]
    assert selectors.tags_of(user=alice) == []
    tag = Tag.objects.get(person=bob)
    assert titles(client_of(alice), view=f"tag-{tag.pk}") == []


def test_a_tag_shows_only_what_may_still_be_seen(alice: User, bob: User, bob_client: Client) -> None:
    shown = made(alice, "shown", visibility="team")
    services.conversations_tag(user=bob, ids=[shown.pk], names=["x"])
    tag = Tag.objects.get(person=bob)
    assert titles(bob_client, view=f"tag-{tag.pk}") == ["shown"]
    assert titles(client_of(alice), view=f"tag-{tag.pk}") == []  # what Bob marked is his own affair
    for person, seen in ((bob, True), (alice, False)):  # and how he calls it, too
        rows = selectors.conversation_list(user=person, wanted=ListFilter(shelf=Shelf.TEAM)).rows
        rows += selectors.conversation_list(user=person).rows
        assert [[tag.name for tag in vars(row)["own_tags"]] for row in rows] == [["x"] if seen else []]
    Conversation.objects.update(visibility="private")
    assert titles(bob_client, view=f"tag-{tag.pk}") == []


def test_the_trash_hides_from_everybody_and_gives_back(alice: User, bob: User, alice_client: Client) -> None:
    gone = made(alice, "gone", visibility="team_edit")
    page = f"/conversations/{gone.pk}/"
    assert client_of(bob).get(page).status_code == 200
    assert alice_client.post(f"{page}delete/").status_code == 302
    assert titles(alice_client) == []
    assert titles(client_of(bob), view="team") == []
    for client in (alice_client, client_of(bob)):
        assert client.get(page).status_code == 404
    assert "gone" in alice_client.get("/trash/").content.decode()
    assert "gone" not in client_of(bob).get("/trash/").content.decode()
    for deed in ("restore", "delete"):
        assert client_of(bob).post("/trash/change/", {"deed": deed, "ids": [gone.pk]}).status_code == 404
    assert client_of(bob).post("/trash/change/", {"deed": "empty"}).status_code == 302
    assert Conversation.objects.filter(pk=gone.pk).exists()
    assert alice_client.post("/trash/change/", {"deed": "restore", "ids": [gone.pk]}).status_code == 302
    assert titles(alice_client) == ["gone"]
    assert alice_client.post("/trash/change/", {"deed": "delete", "ids": [gone.pk]}).status_code == 404
    organise(alice_client, "trash", gone)
    assert alice_client.post("/trash/change/", {"deed": "delete", "ids": [gone.pk]}).status_code == 302
    assert not Conversation.objects.filter(pk=gone.pk).exists()


def test_a_run_stops_when_its_conversation_goes_into_the_trash(desk: Desk) -> None:
    exchange = desk.open().exchanges[0].id
    services.conversations_trash(user=desk.person, ids=[desk.conversation.pk])
    assert Exchange.objects.get(pk=exchange).state == Exchange.State.STOPPED


def test_what_came_since_is_marked_until_it_is_seen(desk: Desk, alice_client: Client) -> None:
    conversation = desk.conversation

    def unread() -> bool:
        (row,) = selectors.conversation_list(user=desk.person).rows
        return bool(row.unread)  # type: ignore[attr-defined]  # an annotation

    assert not unread()  # never opened: nothing to compare with
    exchange = desk.open().exchanges[0].id
    assert alice_client.get(f"/conversations/{conversation.pk}/").status_code == 200
    assert not unread()
    Exchange.objects.filter(pk=exchange).update(state="completed", ended=timezone.now())
    assert unread()
    path = {"current": f"/conversations/{conversation.pk}/"}
    alice_client.get("/conversations/list/", path)
    assert unread()
    alice_client.get("/conversations/list/", path | {"seen": "1"})
    assert not unread()
    assert (
        alice_client.get("/conversations/list/", {"current": f"/{uuid4()}/", "seen": "1"}).status_code == 404
    )


def test_how_one_keeps_a_conversation_is_ones_own_affair(
    alice: User, bob: User, alice_client: Client
) -> None:
    conversation = made(alice, "shown", visibility="team")
    path = f"/conversations/{conversation.pk}/keeping/"
    assert "Unpin" in alice_client.post(path, {"deed": "pin"}).content.decode()
    html = alice_client.post(path, {"deed": "tags", "tags": "a, b"}).content.decode()
    assert 'value="a, b"' in html
    theirs = client_of(bob).get(path).content.decode()
    assert "Pin" not in theirs
    assert "a, b" not in theirs
    assert client_of(bob).post(path, {"deed": "archive"}).status_code == 404
    assert alice_client.post(path, {"deed": "x"}).status_code == 400
    Conversation.objects.update(visibility="private")
    assert client_of(bob).get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/conversations/list/", "/search/?q=needle", "/search/?state=failed", "/trash/"]
)
def test_a_whole_page_asks_as_much_for_two_as_for_seventeen(path: str, alice: User) -> None:
    def grow(count: int) -> int:
        for number in range(count):
            shown = made(alice, f"needle {number}")
            services.conversations_tag(user=alice, ids=[shown.pk], names=["x"])
            content = [{"type": "text", "text": "needle"}]
            Message.objects.create(conversation=shown, role="user", author=alice, content=content)
            made(alice, f"gone {number}", trashed=timezone.now())
        client = client_of(alice)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    assert grow(2) == grow(15)


# Comments


def test_who_may_see_a_message_may_comment_on_it(alice: User, bob: User, charlie: User) -> None:
    conversation = made(alice, "shown", visibility="team")
    message = Message.objects.create(conversation=conversation, role="user")
    path = f"/messages/{message.pk}/comments/"
    html = client_of(bob).post(path, {"text": "<b>Why</b>\x00?"}).content.decode()
    assert "&lt;b&gt;Why&lt;/b&gt;\ufffd?" in html
    assert client_of(bob).post(path, {"text": "  "}).status_code == 200
    assert client_of(charlie).get(path).status_code == 200
    all_of_it = client_of(alice).get(f"/conversations/{conversation.pk}/comments/").content.decode()
    assert "Why" in all_of_it
    (comment,) = Comment.objects.all()
    assert client_of(charlie).post(f"/comments/{comment.pk}/delete/").status_code == 404
    Conversation.objects.update(visibility="private")
    for person in (bob, charlie):
        for method in ("get", "post"):
            assert getattr(client_of(person), method)(path, {"text": "x"}).status_code == 404
        assert client_of(person).get(f"/conversations/{conversation.pk}/comments/").status_code == 404
        assert client_of(person).post(f"/comments/{comment.pk}/delete/").status_code == 404
    assert client_of(alice).post(f"/comments/{comment.pk}/delete/").status_code == 200
    assert not Comment.objects.exists()


def test_the_team_shelf_holds_nothing_of_ones_own(alice: User, bob: User) -> None:
    made(alice, "mine", visibility="team")
    wanted = ListFilter(shelf=Shelf.TEAM)
    assert selectors.conversation_list(user=alice, wanted=wanted).rows == ()
    assert len(selectors.conversation_list(user=bob, wanted=wanted).rows) == 1


def test_the_newest_conversation_is_never_one_of_the_trash(alice: User) -> None:
    desk = desk_make(alice)
    services.conversations_trash(user=alice, ids=[desk.conversation.pk])
    assert selectors.conversation_newest(user=alice) is None


@pytest.mark.django_db(transaction=True)
def test_a_conversation_deleted_by_several_presses_at_once_goes_once(alice: User) -> None:
    path = f"/conversations/{made(alice).pk}/delete/"
    presses = [partial(client_of(alice).post, path) for _press in range(4)]

    statuses = sorted(answer.status_code for answer in at_once(*presses))

    assert statuses == [302, 404, 404, 404]


@pytest.mark.django_db(transaction=True)
def test_who_edits_what_goes_into_the_trash_at_the_same_moment_is_told(desk: Desk) -> None:
    question = desk.open("Hello").messages[0].pk
    Exchange.objects.update(state=Exchange.State.COMPLETED)
    path = f"/conversations/{desk.conversation.pk}/"
    words = {"role": "user", "text": "Hello again"}
    edits = [
        partial(client_of(desk.person).post, f"{path}messages/{question}/edit/", words) for _ in range(3)
    ]
    delete = partial(client_of(desk.person).post, f"{path}delete/")

    *edited, deleted = at_once(*edits, delete)

    assert deleted.status_code == 302
    assert {answer.status_code for answer in edited} <= {200, 404, 409}


# What a page is told that showed nothing yet


def test_an_empty_page_gets_as_many_messages_as_a_page_opens_with_and_the_way_to_earlier_ones(
    desk: Desk, alice_client: Client
) -> None:
    conversation, above = desk.conversation, None
    for number in range(NEWEST + 1):
        above = Message.objects.create(
            conversation=conversation,
            parent=above,
            role="user",
            content=[{"type": "text", "text": f"No {number}."}],
        )
    conversation.columns.update(leaf=above)
    page = alice_client.get(f"/conversations/{conversation.pk}/").content.decode()
    news = alice_client.post(f"/conversations/{conversation.pk}/news/").content.decode()
    for html in (page, news):
        assert html.count('data-role="user"') == NEWEST
        assert "No 0." not in html
        assert f"/conversations/{conversation.pk}/before/" in html
