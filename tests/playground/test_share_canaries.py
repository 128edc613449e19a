"""What an author leaves out is in nothing that a link leads to; and the preview is what the reader gets, byte for byte."""

import json
import re
import zlib
from typing import Final

import pytest
from django.test import Client, RequestFactory

from conversations.models import Column, Conversation, Exchange, Message
from conversations.parts import reference_to
from conversations.services import Ending, Progress, ResponseHead, attachment_create, recordings_write
from playground.views.share_copy import _rerun_page
from team.models import User
from tests.cast import client_of
from tests.desk import Desk, desk_make, response
from tests.pictures import picture
from tests.playground.share_desk import TABS, share, text
from tests.shares import EVERYTHING, link_in, share_fields
from upstream.samples import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("apart")]

CANARIES: Final = {
    "system": "SYSTEMCANARY is what nobody else may know of.",
    "parameters": "PARAMETERCANARY-0123456789",
    "images": "PICTURECANARY",
    "author": "Alice Authorcanary",
    "raw": "RAWCANARY",
}
"""What stands in the part that each switch leaves out, and nowhere else."""


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at a conversation with a canary for each part, and at a second column."""
    User.objects.filter(pk=alice.pk).update(name=CANARIES["author"])
    alice.refresh_from_db()
    made = desk_make(alice)
    kept = attachment_create(
        conversation=made.conversation, data=picture("PNG"), name=f"{CANARIES['images']}.png"
    )
    opened = made.open(
        "QUESTION",
        system=CANARIES["system"],
        user=json.dumps(CANARIES["parameters"]),
        metadata=json.dumps({"by": CANARIES["author"]}),
    )
    question = Message.objects.get(role="user")
    image = {"type": "image_url", "image_url": {"url": reference_to(kept.digest)}}
    question.content = [*question.content, image]
    question.save()
    chunk = {"choices": [{"index": 0, "delta": {"content": "ANSWER"}}], "system_fingerprint": CANARIES["raw"]}
    raw = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
    head = ResponseHead(
        status=200,
        reason="OK",
        http_version="1.1",
        headers=(("content-type", "text/event-stream"),),
        sent_headers=(("Authorization", "Bearer ••••cdef"),),
        timing={"first_byte": 10.0},
    )
    pk = opened.exchanges[0].id
    ending = Ending(pk, Exchange.State.COMPLETED, response("ANSWER"), None, {"ended": 20.0})
    progress = Progress(exchange_id=pk, sequence=0, pieces=((raw, 12.0),), head=head)
    recordings_write(progress=[progress], endings=[ending])
    return made


def every_form(desk: Desk, reader: Client, left_out: str) -> dict[str, str]:
    """Return everything that a link leads to, by what it is, for somebody with an account of their own."""
    link = share(desk, **{left_out: None} if left_out else {})
    forms = {"page": text(reader, link.path), "meta": text(Client(), link.path).split("</head>")[0]}
    forms |= {kind: text(reader, f"{link.path}export/{kind}/") for kind in ("markdown", "json")}
    if left_out != "raw":
        forms |= {tab: text(reader, f"{link.path}exchanges/0/{tab}/") for tab in TABS}
    forms["copy"] = text(reader, f"{link.path}copy/")
    forms["rerun"] = rerun_page(link.token)
    copied = reader.post(f"{link.path}copy/")
    copy = Conversation.objects.get(pk=copied["Location"].strip("/").split("/")[1])
    forms["continued"] = text(reader, f"/conversations/{copy.pk}/")
    forms["continued, kept"] = str(
        [
            *Message.everything.filter(conversation=copy).values(),
            *Column.objects.filter(conversation=copy).values(),
        ]
    )
    forms["continued, exported"] = text(reader, f"/conversations/{copy.pk}/export/json/")
    copy.delete()
    return forms


def rerun_page(token: str) -> str:
    """Return the page that asks Bob where to send it; its own view looks into the database from another thread."""
    request = RequestFactory().get(f"/s/{token}/rerun/")
    request.user = User.objects.get(username="bob")
    answer = _rerun_page(request, token=token, process="p", begun=[])
    assert answer.status_code == 200
    return str(answer.content.decode())  # type: ignore[attr-defined]  # a rendered page


@pytest.mark.parametrize("part", CANARIES)
def test_a_canary_is_absent_from_every_form(desk: Desk, bob_client: Client, part: str) -> None:
    canary = CANARIES[part]
    with_it = every_form(desk, bob_client, "")
    assert any(canary in form for form in with_it.values()), "or the canary would prove nothing"
    without = every_form(desk, bob_client, part)
    assert [name for name, form in without.items() if canary in form] == []
    assert "ANSWER" in without["page"]


def test_the_code_of_every_language_is_there_and_holds_nothing_left_out(desk: Desk, client: Client) -> None:
    whole = text(client, f"{share(desk).path}exchanges/0/code/")
    names = set(re.findall(r'data-language="([^"]+)"', whole))
    assert names == {language.id for language in LANGUAGES}
    for part in ("system", "parameters"):
        code = text(client, f"{share(desk, **{part: None}).path}exchanges/0/code/")
        assert CANARIES[part] not in code
    assert whole.count("SYSTEMCANARY") >= len(names)


# The preview


@pytest.mark.parametrize("left_out", ["", *CANARIES])
def test_the_preview_is_what_the_reader_gets_to_the_byte(desk: Desk, client: Client, left_out: str) -> None:
    owner, pk = client_of(desk.person), desk.conversation.pk
    fields = share_fields(**{name: on for name, on in EVERYTHING.items() if name != left_out})
    preview = owner.post(f"/conversations/{pk}/share/preview/", fields).content.decode()
    link = link_in(owner.post(f"/conversations/{pk}/shares/", fields).content.decode())
    page = text(client, link.path)
    assert snapshot_of(preview, link.path) == snapshot_of(page, link.path)
    if left_out == "raw":
        return
    for tab in TABS:
        asked = {**fields, "exchange": "0", "tab": tab}
        shown = owner.post(f"/conversations/{pk}/share/preview/", asked).content.decode()
        got = client.get(f"{link.path}exchanges/0/{tab}/", headers={"X-Part": "tab"}).content.decode()
        assert shown == got, tab


@pytest.mark.parametrize("asked", [("1", "request"), ("-1", "request"), ("0", "nothing"), ("x", "request")])
def test_a_preview_has_no_tab_that_the_reader_has_not(desk: Desk, asked: tuple[str, str]) -> None:
    path = f"/conversations/{desk.conversation.pk}/share/preview/"
    fields = share_fields(**EVERYTHING, exchange=asked[0], tab=asked[1])
    assert client_of(desk.person).post(path, fields).status_code == 404


def snapshot_of(html: str, base: str) -> str:
    """Return the messages of a page or a preview: without the buttons, and where their links lead, which previews lack."""
    messages = html[html.index('<div class="reader__columns') : html.index('<section class="reader__aside"')]
    messages = re.sub(r'(?s)<span class="msg__acts">.*?</span>\s*(?=</div>)', "", messages)
    messages = re.sub(r'(?s)<details class="kept" data-kept>|<details class="kept">', "<kept>", messages)
    messages = re.sub(
        r'(?s)<(nav|div) class="tabs".*?</\1>\s*<div class="kept__panel".*?</div>', "", messages
    )
    return " ".join(messages.replace(' id="shared"', "").replace(base, "/").split()).replace(" >", ">")


def test_more_events_than_fit_on_a_page_are_a_press_away(desk: Desk, client: Client) -> None:
    link = share(desk)
    page = text(client, f"{link.path}exchanges/0/events/")
    assert "data-kept-more" not in page
    path = f"{link.path}exchanges/0/events/"
    row = desk.conversation.shares.get().exchanges.get()
    document = json.loads(zlib.decompress(row.data))
    document["response"]["events"] *= 700
    row.data = zlib.compress(json.dumps(document).encode())
    row.save()
    found = re.search(r'href="([^"]+)"\s+data-kept-more', text(client, path))
    assert found
    assert found[1] == f"{path}?after=500"
    assert "data-kept-more" in text(client, found[1])
