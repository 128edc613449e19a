"""The inspector's tabs and what they fetch, through their addresses."""

import base64
import html
import io
import json
import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from PIL import Image

from conversations.models import Exchange
from conversations.services import traces_prune
from team.models import User
from tests.cast import client_of
from tests.desk import KEY, Desk, desk_make
from tests.playground.exchanges import chunk, exchange_kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def got(client: Client, path: str, *, status: int = 200) -> str:
    """Return the text of an answer: without tags, with single spaces."""
    answer = client.get(path)
    assert answer.status_code == status, path
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


STREAM = [
    (b": OPENROUTER PROCESSING\n\n", 40.0),
    (chunk("Hel") + chunk("lo"), 50.0),
    (chunk(" w\u00f6rld"), 950.0),
    (chunk(finish_reason="stop"), 960.0),
    (b"data: [DONE]\n\n", 961.0),
]


def test_events_have_their_times_kinds_and_stalls(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, STREAM)
    text = got(client, f"/exchanges/{pk}/events/")
    assert "All 6" in text
    assert "content 3" in text
    assert "comment 1" in text
    assert re.search(r"4 950\.0 Stall 900\.0 content \d+ wörld", text)
    only = client.get(f"/exchanges/{pk}/events/?kind=content&q=W%C3%96R").content.decode()
    assert re.findall(r'data-event="(\d+)"', only) == ["4"]


def test_a_window_of_the_events_can_be_asked_for_by_number(desk: Desk, client: Client) -> None:
    reads = [(chunk(f"w{number} "), float(number)) for number in range(1, 701)]
    pk = exchange_kept(desk, reads)
    path = f"/exchanges/{pk}/events/"

    def numbers(query: str) -> list[int]:
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 200
        return [int(number) for number in re.findall(r'data-event="(\d+)"', answer.content.decode())]

    assert numbers("") == list(range(1, 201))
    assert numbers("part=rows&after=200") == list(range(201, 401))
    assert numbers("part=rows&before=201") == list(range(1, 201))
    assert numbers("event=500") == list(range(480, 680))
    assert numbers("q=W700") == [700]
    for nonsense in (
        "event=0",
        "event=99999999",
        "after=x&event=-1",
        "kind=%00",
        "q=%22%27<",
        "before=1&part=rows",
    ):
        assert client.get(f"{path}?{nonsense}").status_code == 200
    assert client.get(f"{path}?part=else").status_code == 404


def test_the_bytes_of_an_event_are_those_that_came(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, [(chunk("Hi <b>"), 1.0), (b'data: {"bad": "\xff"}\r\n\r\n', 2.0)])
    first = client.get(f"/exchanges/{pk}/event/1/").content.decode()
    assert "<mark>&quot;Hi &lt;b&gt;&quot;</mark>" in first
    assert "␊" in first
    second = html.unescape(client.get(f"/exchanges/{pk}/event/2/").content.decode())
    assert "\\xff" in second
    assert "␍␊" in second
    assert "64 61 74 61 3a 20 7b" in second
    for number in (0, 3, 10**9):
        got(client, f"/exchanges/{pk}/event/{number}/", status=404)


def test_a_stream_is_given_to_be_played_again(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, STREAM)
    replay = client.get(f"/exchanges/{pk}/replay/").json()
    texts = [(at, update[2]) for at, updates in replay["steps"] for update in updates if update[0] == "c"]
    assert texts == [(50.0, "Hello"), (950.0, " wörld")]
    assert replay["total"] == 961.0
    live = exchange_kept(desk, STREAM[:2], end=False)
    got(client, f"/exchanges/{live}/replay/", status=404)
    assert "Show more" not in got(client, f"/exchanges/{live}/events/?part=news&after=1")


def test_timing_names_each_moment_and_what_we_added(desk: Desk, client: Client) -> None:
    text = got(client, f"/exchanges/{exchange_kept(desk, STREAM)}/timing/")
    for words in (
        "Name lookup 1.0 ms",
        "TLS handshake 6.5 ms",
        "First content token 50.0 ms",
        "Longest stall 900 ms",
        "mean 0.41 ms",
        "longest 2.50 ms",
    ):
        assert words in text


def test_rate_limits_ids_and_usage_are_read_out(desk: Desk, client: Client) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    headers = [
        ("content-type", "text/event-stream"),
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-request-id", "req_7"),
    ]
    last = b"data: " + json.dumps({"id": "x1", "choices": [], "usage": usage}).encode() + b"\n\n"
    pk = exchange_kept(desk, [(chunk("Hi"), 1.0), (last, 2.0)], headers=headers)
    text = got(client, f"/exchanges/{pk}/response/")
    for words in (
        "59 of 60 requests left, resets in 1 s",
        "prompt_tokens_details.cached_tokens 4",
        "x-request-id req_7",
        "id x1",
        '"content" : "Hi"',
    ):
        assert words in text


def picture(size: tuple[int, int] = (40, 30)) -> str:
    out = io.BytesIO()
    Image.frombytes("RGB", size, bytes(i % 251 for i in range(size[0] * size[1] * 3))).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def with_body(pk: UUID, body: str) -> None:
    Exchange.objects.filter(pk=pk).update(body=body)


def test_images_are_folded_shown_small_and_left_out_of_a_copy(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, STREAM)
    svg = "data:image/svg+xml;base64," + base64.b64encode(b"<svg onload=alert(1)>" * 20).decode()
    parts = [
        {"type": "image_url", "image_url": {"url": url}}
        for url in (picture(), svg, picture((5, 5)) + "AAAA" * 80)
    ]
    body = json.dumps({"messages": [{"role": "user", "content": parts}], "temperature": 0.70})
    with_body(pk, body.replace("0.7", "0.70"))
    page = client.get(f"/exchanges/{pk}/request/").content.decode()
    assert picture()[60:200] not in page
    assert f'src="/exchanges/{pk}/image/1/"' in page
    assert re.search(r"Image 1, image/png, [\d.]+ k?B", html.unescape(re.sub("<[^>]+>", "", page)))
    assert '"temperature"</span>: <span class="n">0.70</span>' in html.unescape(page)
    shown = client.get(f"/exchanges/{pk}/image/1/")
    assert shown.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(shown.content)).size == (40, 30)
    for number in (2, 4, 99):
        got(client, f"/exchanges/{pk}/image/{number}/", status=404)
    whole = client.get(f"/exchanges/{pk}/text/?of=request")
    assert whole.content.decode() == body.replace("0.7", "0.70")
    assert whole.headers["content-type"].startswith("text/plain")
    assert whole.headers["content-disposition"].startswith("attachment")
    without = client.get(f"/exchanges/{pk}/text/?of=request&images=0").content.decode()
    assert len(without) < 900
    assert json.loads(without)["temperature"] == 0.7


def test_a_tree_opens_part_by_part(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, STREAM)
    with_body(
        pk, json.dumps({"messages": [{"role": "user", "content": "x" * 5_000}], "many": list(range(1_000))})
    )
    page = client.get(f"/exchanges/{pk}/request/").content.decode()
    assert "1,000 items" in page
    assert "3,800 more characters" in page
    path = f"/exchanges/{pk}/part/?of=request"
    assert got(client, f"{path}&at=1").startswith(" 0 , 1 , 2")
    assert " 999" in got(client, f"{path}&at=1&first=900")
    assert "x" * 5_000 in got(client, f"{path}&at=0.0.1&whole=1")
    for nonsense in ("of=else", "of=request&at=9", "of=request&at=0.a", "of=request&at=" + "0." * 300 + "0"):
        got(client, f"/exchanges/{pk}/part/?{nonsense}", status=404)


def test_bodies_that_are_no_json_or_too_deep_are_shown_as_text(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, STREAM)
    for body in ("", "not json", "[" * 20_000, '{"a":' * 5_000 + "1" + "}" * 5_000, "\u2028<script>"):
        with_body(pk, body)
        assert client.get(f"/exchanges/{pk}/request/").status_code == 200


@pytest.mark.parametrize("levels", [31, 150, 320, 321, 900])
def test_a_body_of_any_depth_is_shown_and_opens(desk: Desk, client: Client, levels: int) -> None:
    pk = exchange_kept(desk, STREAM)
    with_body(pk, "[" * levels + "7" + "]" * levels)

    shown = got(client, f"/exchanges/{pk}/request/")
    got(client, f"/exchanges/{pk}/diff/?with={pk}")
    if levels > 320:
        assert "7" in shown, "as text"
        return
    for query in ("at=", "at=&whole=1", f"at={'.'.join(['0'] * (levels - 1))}"):
        assert got(client, f"/exchanges/{pk}/part/?of=request&{query}")


def test_a_request_is_compared_with_the_one_before(desk: Desk, client: Client) -> None:
    first = exchange_kept(desk, STREAM, temperature="0.2")
    second = exchange_kept(desk, STREAM, text="And then?", temperature="0.9")
    text = got(client, f"/exchanges/{second}/diff/")
    assert '"temperature": 0.2' in text
    assert "And then?" in text
    assert "this column’s run before" in text
    assert "sent nothing before" in got(client, f"/exchanges/{first}/diff/")
    assert "from the chosen request" in got(client, f"/exchanges/{first}/diff/?with={second}")


def test_any_exchange_that_one_may_see_can_be_compared_with(desk: Desk, client: Client, alice: User) -> None:
    mine = exchange_kept(desk, STREAM, temperature="0.2")
    other = desk_make(alice, name="Other")
    elsewhere = exchange_kept(other, STREAM, text="From elsewhere", temperature="0.9")
    page = client.get(f"/exchanges/{mine}/diff/").content.decode()
    assert f'value="{elsewhere}"' in page[page.index("Other conversations") :]
    link = f"https://chat.example/conversations/{other.conversation.pk}/?exchange={elsewhere}&tab=request"
    for wanted in (str(elsewhere), link, f"  /exchanges/{elsewhere}/ "):
        answer = client.get(f"/exchanges/{mine}/diff/", {"with": wanted})
        assert "From elsewhere" in answer.content.decode()
        assert f'value="{elsewhere}" selected' in re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize("wanted", ["no link", "01a202eb-1320-71f3-9a61-91991d557ba9", "?exchange=", "\x00%"])
def test_what_is_no_exchange_is_said(desk: Desk, client: Client, wanted: str) -> None:
    mine = exchange_kept(desk, STREAM)
    answer = client.get(f"/exchanges/{mine}/diff/", {"with": wanted})
    assert "There is no such exchange" in answer.content.decode()
    assert html.escape(wanted) in answer.content.decode()  # what was pasted stays in its box


def test_a_pruned_stream_says_so_and_when(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, STREAM)
    assert "Hel" in got(client, f"/exchanges/{pk}/events/")
    traces_prune(before=timezone.now() + timedelta(days=1))
    day = date_format(timezone.now(), "j F Y")
    for tab in ("events", "response", "timing"):
        text = got(client, f"/exchanges/{pk}/{tab}/")
        assert f"removed on {day} to save space" in text, tab
        assert "held no events" not in text
    assert "Hello" in got(client, f"/exchanges/{pk}/response/")
    got(client, f"/exchanges/{pk}/events/2/", status=404)


def test_no_exchange_that_is_not_shown_to_one_can_be_compared_with(
    desk: Desk, client: Client, bob: User
) -> None:
    mine, foreign = (
        exchange_kept(desk, STREAM),
        exchange_kept(desk_make(bob, name="Other"), STREAM, text="bobonly"),
    )
    text = got(client, f"/exchanges/{mine}/diff/?with={foreign}")
    assert "bobonly" not in text
    assert "There is no such exchange" in text


def test_probabilities_and_where_a_branch_would_begin(desk: Desk, client: Client) -> None:
    top = [{"token": "No", "logprob": -0.1, "bytes": [78, 111]}, {"token": "Yes", "logprob": -2.3}]
    reads = [
        (chunk("No", logprobs={"content": [top[0] | {"top_logprobs": top}]}), 1.0),
        (chunk(".", logprobs={"content": [{"token": ".", "logprob": -0.01, "top_logprobs": []}]}), 2.0),
    ]
    pk = exchange_kept(desk, reads, logprobs="true")
    page = client.get(f"/exchanges/{pk}/tokens/").content.decode()
    assert 'data-token="1" data-percent="90.48"' in page
    assert "goes on from a beginning is not documented" in page
    begun = client.get(f"/exchanges/{pk}/prefix/?choice=0&token=1&alternative=1")
    assert begun.content == b"Yes"
    got(client, f"/exchanges/{pk}/prefix/?choice=0&token=2&alternative=0", status=404)
    plain = exchange_kept(desk, STREAM)
    assert "did not ask for logprobs" in got(client, f"/exchanges/{plain}/tokens/")


def test_an_api_that_does_not_go_on_from_a_beginning_offers_no_branch(alice: User, client: Client) -> None:
    desk = desk_make(alice, api="openai-chat")
    top = [{"token": "No", "logprob": -0.1}, {"token": "Yes", "logprob": -2.3}]
    pk = exchange_kept(desk, [(chunk("No", logprobs={"content": [top[0] | {"top_logprobs": top}]}), 1.0)])
    page = client.get(f"/exchanges/{pk}/tokens/").content.decode()
    assert "does not go on from the beginning of an answer" in page
    assert "data-message" not in page


def test_the_address_of_a_conversation_names_an_exchange_a_tab_and_an_event(
    desk: Desk, client: Client, bob: User
) -> None:
    pk = exchange_kept(desk, STREAM)
    path = f"/conversations/{desk.conversation.pk}/"
    page = client.get(f"{path}?exchange={pk}&tab=events&event=3").content.decode()
    region = re.search(r"<section[^>]*data-inspector[^>]*>", page)
    assert region
    assert f'data-exchange="{pk}"' in region[0]
    assert "data-linked" in region[0]
    assert 'data-event="3"' in region[0]
    assert re.search(r'id="tab-events"[^>]*aria-selected="true"', page)
    foreign = exchange_kept(desk_make(bob, name="Other"), STREAM)
    for query in (f"exchange={foreign}", "exchange=x&tab=else&event=y"):
        page = client.get(f"{path}?{query}").content.decode()
        assert str(foreign) not in page
        assert "data-linked" not in page


PARTS = (
    "request/", "response/", "events/", "events/?part=rows", "timing/", "tokens/", "replay/", "diff/", "event/1/",
    "text/?of=request", "text/?of=response", "text/?of=raw", "part/?of=request", "part/?of=response",
)  # fmt: skip


def test_no_part_of_it_holds_the_key(desk: Desk, client: Client) -> None:
    exchange_kept(desk, STREAM)
    pk = exchange_kept(desk, STREAM, text="Again")
    for part in PARTS:
        answer = client.get(f"/exchanges/{pk}/{part}")
        assert answer.status_code == 200, part
        assert KEY not in answer.content.decode() + str(answer.headers), part


def test_nothing_of_it_is_there_for_others(desk: Desk, bob: User) -> None:
    pk = exchange_kept(desk, STREAM)
    stranger = client_of(bob)
    for part in (*PARTS, "image/1/", "prefix/?choice=0&token=1&alternative=0"):
        assert stranger.get(f"/exchanges/{pk}/{part}").status_code == 404, part


LOGPROBS = {
    "content": [
        {
            "token": "a",
            "logprob": -0.1,
            "top_logprobs": [{"token": f"t{n}", "logprob": -n} for n in range(20)],
        }
    ]
}


@pytest.mark.parametrize("more", [{}, {"logprobs": LOGPROBS}], ids=["plain", "with logprobs"])
def test_every_tab_of_an_exchange_of_ten_megabytes_is_a_page_of_ordinary_size(
    desk: Desk, client: Client, more: dict[str, object]
) -> None:
    """How long each takes to open is measured by `bench.large`."""
    one = chunk("word ", **more)
    count = 10_000_000 // len(one)
    pk = exchange_kept(desk, [(one * 20, float(n)) for n in range(count // 20)])
    for tab in ("request", "response", "events", "timing", "tokens"):
        answer = client.get(f"/exchanges/{pk}/{tab}/")
        assert answer.status_code == 200
        assert len(answer.content) < 1_000_000, tab
