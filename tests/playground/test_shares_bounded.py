"""Links with a bound or a password, images behind them, and what their readers make of them."""

import pytest
from django.test import Client

from conversations import selectors
from conversations.models import Column, Conversation, Message, Share, ShareAttachment
from conversations.parts import reference_to
from conversations.services import (
    attachment_create,
    conversation_delete,
)
from playground.views.share_reader import PASSWORD_TRIES
from team import vault
from team.models import User
from tests.cast import PASSWORD, client_of
from tests.desk import Desk, desk_make
from tests.pictures import picture
from tests.playground.share_desk import (
    BELOW,
    answered,
    desk_answered,
    everything_readable,
    share,
    text,
)
from tests.shares import share_fields

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("apart")]


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at a conversation with one question and its answer."""
    return desk_answered(alice)


# Views and passwords


def test_views_are_counted_by_opening_not_by_looking(desk: Desk, client: Client) -> None:
    link = share(desk, max_views="2")
    for _ in range(5):
        gate = text(client, link.path)
        assert "ANSWER" not in gate
        client.head(link.path)
        for below in BELOW[1:]:
            assert client.get(link.path + below).status_code == 403
    assert Share.objects.get().views == 0
    for reader in (Client(), Client()):
        opened = reader.post(link.path)
        assert (opened.status_code, opened["Location"]) == (302, link.path)
        for _ in range(3):
            assert "ANSWER" in text(reader, link.path)
            reader.post(link.path)
        assert everything_readable(reader, link)
    assert Share.objects.get().views == 2
    assert client.get(link.path).status_code == 410
    assert client.post(link.path).status_code == 410
    assert Share.objects.get().views == 2


def test_the_mark_of_one_link_opens_no_other(desk: Desk, client: Client) -> None:
    one, other = share(desk, max_views="5"), share(desk, max_views="5")
    client.post(one.path)
    (cookie,) = (value for name, value in client.cookies.items() if name.startswith("share_"))
    assert cookie["httponly"]
    assert cookie["path"] == one.path
    assert cookie["samesite"] == "Lax"
    client.cookies[f"share_{other.id.replace('-', '')}"] = cookie.value
    assert "ANSWER" not in text(client, other.path)


def test_an_open_link_counts_each_browser_that_says_it_shows_it_once(desk: Desk, client: Client) -> None:
    link = share(desk)
    for _ in range(3):
        client.get(link.path)
        assert client.post(f"{link.path}seen/").status_code == 204
    Client().post(f"{link.path}seen/")
    assert Share.objects.get().views == 2


def test_a_password_opens_and_a_new_one_closes_again(desk: Desk, client: Client) -> None:
    link = share(desk, title="TITLECANARY", password="long enough password")
    assert Share.objects.get().password not in ("", "long enough password")
    gate = text(client, link.path)
    assert "TITLECANARY" not in gate
    assert client.post(link.path, {"password": "wrong"}).status_code == 403
    assert client.post(link.path, {"password": "long enough password"}).status_code == 302
    assert "ANSWER" in text(client, link.path)
    owner = client_of(desk.person)
    owner.post(f"/shares/{link.id}/update/", share_fields(password="another long password"))
    assert "ANSWER" not in text(client, link.path)


def test_passwords_cannot_be_tried_out(desk: Desk, client: Client) -> None:
    link = share(desk, password="long enough password")
    statuses = [
        client.post(link.path, {"password": f"guess {number}"}).status_code
        for number in range(PASSWORD_TRIES + 3)
    ]
    assert statuses == [403] * PASSWORD_TRIES + [429] * 3
    assert client.post(link.path, {"password": "long enough password"}).status_code == 429
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.post(link.path, {"password": "long enough password"}).status_code == 302


def test_neighbours_in_one_ipv6_network_are_counted_together(desk: Desk) -> None:
    link = share(desk, password="long enough password")
    statuses = [
        Client(REMOTE_ADDR=f"2001:db8::{number:x}").post(link.path, {"password": "guess"}).status_code
        for number in range(1, PASSWORD_TRIES + 3)
    ]
    assert statuses[-2:] == [429, 429]


def test_right_passwords_use_no_attempts_up(desk: Desk) -> None:
    link = share(desk, password="long enough password")
    for _ in range(PASSWORD_TRIES + 3):
        assert Client().post(link.path, {"password": "long enough password"}).status_code == 302


# Images


@pytest.fixture
def pictured(alice: User) -> tuple[Desk, str]:
    """Alice at a conversation with an image, and its digest."""
    desk = desk_make(alice)
    kept = attachment_create(conversation=desk.conversation, data=picture("PNG"), name="PICTURECANARY.png")
    answered(desk)
    part = {"type": "image_url", "image_url": {"url": reference_to(kept.digest)}}
    question = Message.objects.get(role="user")
    question.content = [*question.content, part]
    question.save()
    return desk, kept.digest


def test_an_image_is_served_through_the_link_only_where_it_is_in_it(
    pictured: tuple[Desk, str], client: Client
) -> None:
    desk, digest = pictured
    link = share(desk)
    answer = client.get(f"{link.path}attachments/{digest}/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert f"{link.path}attachments/{digest}/" in text(client, link.path)
    assert client.get(f"{link.path}attachments/{'0' * 64}/").status_code == 404
    without = share(desk, images=None)
    assert client.get(f"{without.path}attachments/{digest}/").status_code == 404
    assert digest not in everything_readable(client, without)
    assert "PICTURECANARY" not in everything_readable(client, without)
    client_of(desk.person).post(f"/shares/{link.id}/revoke/")
    assert client.get(f"{link.path}attachments/{digest}/").status_code == 410


def test_an_image_lives_as_long_as_a_link_shows_it(pictured: tuple[Desk, str], client: Client) -> None:
    desk, digest = pictured
    link = share(desk)
    assert ShareAttachment.objects.get().attachment_id == digest
    conversation_delete(conversation=desk.conversation)
    assert client.get(f"{link.path}attachments/{digest}/").status_code == 410
    assert not ShareAttachment.objects.exists()
    assert not selectors.attachments_used(Message.objects.all())


def test_a_copy_keeps_the_image_for_its_reader(pictured: tuple[Desk, str], bob_client: Client) -> None:
    desk, digest = pictured
    link = share(desk)
    assert bob_client.get(f"/attachments/{digest}/").status_code == 404
    bob_client.post(f"{link.path}copy/")
    assert bob_client.get(f"/attachments/{digest}/").status_code == 200


# Copies


def test_continue_as_copy_makes_a_private_conversation_of_the_readers(
    desk: Desk, bob: User, bob_client: Client
) -> None:
    link = share(desk, system=None)
    assert bob_client.get(f"{link.path}copy/").status_code == 200
    answer = bob_client.post(f"{link.path}copy/")
    copy = Conversation.objects.get(owner=bob)
    assert answer["Location"] == f"/conversations/{copy.pk}/"
    assert copy.visibility == Conversation.Visibility.PRIVATE
    column = copy.columns.get()
    branch = selectors.branch(conversation_id=copy.pk, leaf_id=column.leaf_id)
    assert [message.text for message in branch] == ["QUESTION", "ANSWER"]
    assert {message.author_id for message in branch} == {None}
    assert column.settings["system"] == ""
    assert column.settings["parameters"]["temperature"] == "0.70"
    assert "SYSTEMCANARY" not in text(bob_client, f"/conversations/{copy.pk}/")
    assert client_of(desk.person).get(f"/conversations/{copy.pk}/").status_code == 404


@pytest.mark.django_db(transaction=True)  # a re-run reads in a thread of its own
@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ("copy", "To continue as a copy you need an account"),
        ("rerun", "To run it again you need an account"),
    ],
)
def test_who_is_not_signed_in_is_told_why_does_that_first_and_comes_back_here(
    desk: Desk, client: Client, deed: str, why: str
) -> None:
    link = share(desk)
    for method in (client.get, client.post):
        answer = method(f"{link.path}{deed}/")
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={link.path}{deed}/"
    assert Conversation.objects.count() == 1
    assert why in text(client, answer["Location"])
    assert "you need an account" not in text(client, f"/accounts/login/?next=/s/{'x' * 22}/nothing/")
    signed_in = client.post(answer["Location"], {"login": "alice", "password": PASSWORD})
    assert signed_in["Location"] == f"{link.path}{deed}/"


@pytest.mark.django_db(transaction=True)  # a re-run reads in a thread of its own
@pytest.mark.parametrize("deed", ["copy", "rerun"])
def test_nothing_is_copied_from_behind_a_password_or_after_the_end(
    desk: Desk, bob_client: Client, deed: str
) -> None:
    closed = share(desk, password="long enough password")
    ended = share(desk)
    client_of(desk.person).post(f"/shares/{ended.id}/revoke/")
    assert bob_client.post(f"{closed.path}{deed}/").status_code == 403
    assert bob_client.post(f"{ended.path}{deed}/").status_code == 410
    assert Conversation.objects.count() == 1


def test_a_copy_of_several_columns_has_them_with_what_they_share_once(
    desk: Desk, bob: User, bob_client: Client
) -> None:
    first = Column.objects.get()
    question = Message.objects.get(role="user")
    other = Message.objects.create(
        conversation=desk.conversation,
        parent=question,
        role="assistant",
        content=[{"type": "text", "text": "B"}],
    )
    Column.objects.create(conversation=desk.conversation, position=1, leaf=other, settings={"model": "b"})
    bob_client.post(f"{share(desk, columns=[first.pk, first.pk + 1]).path}copy/")
    copy = Conversation.objects.get(owner=bob)
    assert copy.columns.count() == 2
    assert copy.messages.count() == 3


def test_a_vault_seal_of_one_share_opens_no_other(desk: Desk) -> None:
    share(desk)
    share(desk)
    one, other = Share.objects.all()
    with pytest.raises(vault.VaultError):
        vault.unseal(one.token_sealed, origin=f"share:{other.pk}")
