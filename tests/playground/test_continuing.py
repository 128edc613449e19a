"""An answer that goes on from a beginning: what a plain response repeats is said once."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from hypothesis import given
from hypothesis import strategies as st

from conversations.continuing import begun_in
from conversations.models import Exchange, Message
from team.models import User
from tests.desk import Desk, desk_make
from tests.fakes import FakeUpstream, Plain, Stream
from tests.playground.stage import Stage, stage_set

BEGINNING = "Paris was"
HISTORY = json.dumps([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": BEGINNING}])


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def desk(alice: User, upstream: FakeUpstream, settings: object) -> Desk:
    settings.PRIVATE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]  # pytest-django's wrapper
    return desk_make(alice, base_url=upstream.base_url)


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with stage_set("127.0.0.1") as stage:
        yield stage


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        pytest.param(Plain(text=[f"{BEGINNING} small."]), " small.", id="a plain response repeats it"),
        pytest.param(Plain(text=[" small."]), " small.", id="a plain response does not"),
        pytest.param(
            Stream(text=["Paris ", "was", " small."]), f"{BEGINNING} small.", id="a stream says what it says"
        ),
    ],
)
async def test_what_is_there_is_not_said_twice(
    reply: Plain | Stream, shown: str, stage: Stage, desk: Desk, upstream: FakeUpstream
) -> None:
    upstream.script("model-a", reply)
    stream = "true" if isinstance(reply, Stream) else "false"
    exchange = await stage.start(desk, parameters={"messages": HISTORY, "stream": stream})
    await stage.end(exchange)
    assert stage.text(exchange) == shown
    row = await database_sync_to_async(Exchange.objects.get)(pk=exchange)
    assert json.loads(row.response)["choices"][0]["message"]["content"] == "".join(map(str, reply.text))
    answer = await database_sync_to_async(Message.objects.get)(exchange=exchange)
    assert answer.text == shown


@given(
    st.binary(max_size=80)
    | st.recursive(
        st.none() | st.sampled_from(["assistant", "messages", "role"]) | st.integers(),
        lambda child: (
            st.lists(child, max_size=3)
            | st.dictionaries(st.sampled_from(["messages", "role", "content", "text"]), child, max_size=3)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_body_begins_something_or_nothing(body: bytes) -> None:
    assert isinstance(begun_in(body), str)


def test_only_a_last_message_of_the_assistant_is_gone_on_from() -> None:
    said = {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    asked = {"role": "user", "content": "assistant"}
    assert begun_in(json.dumps({"messages": [asked, said]}).encode()) == "ab"
    assert begun_in(json.dumps({"messages": [said, asked]}).encode()) == ""
