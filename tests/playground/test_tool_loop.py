"""What the steps of a tool loop are sent with."""

import json
from typing import Any

import pytest

from conversations.models import Exchange
from conversations.services import (
    MockValues,
    column_settings_update,
    tool_loop_set,
    tool_mock_save,
)
from playground.tool_loop import loop_step
from team.models import User
from tests.conversations.test_tools import answered, function
from tests.desk import KEY, Desk, desk_make

pytestmark = pytest.mark.django_db
TOOLS = '[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]'


@pytest.fixture
def desk(alice: User) -> Desk:
    """A desk whose column answers calls of f by itself."""
    desk = desk_make(alice)
    tool_loop_set(column=desk.conversation.columns.get(), on=True, most=5)
    tool_mock_save(owner=alice, values=MockValues("f", "any", "", "mocked"))
    return desk


def settings_change(desk: Desk) -> None:
    """Type something else while the loop is under way, half of it nonsense."""
    column = desk.conversation.columns.get()
    column_settings_update(
        column=column,
        settings={"provider": "", "model": "other", "system": "Shout", "parameters": {"temperature": "2."}},
    )


def body_without_messages(exchange_id: Any) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(Exchange.objects.get(pk=exchange_id).body)
    messages = sent.pop("messages")
    return {**sent, "system": messages[0]}


def test_all_steps_after_one_press_have_its_settings(desk: Desk) -> None:
    opened = desk.open("Go", system="Be brief", tools=TOOLS, temperature="0.70", x_unknown='{"a": 1.0}')
    pressed = opened.exchanges[0].id
    for _step in range(2):
        answered(opened, function("f"))
        settings_change(desk)
        step = loop_step(opened.exchanges[0].id, "here/1")
        assert step is not None
        assert step.opened is not None
        opened = step.opened
        assert body_without_messages(opened.exchanges[0].id) == body_without_messages(pressed)
        assert '"temperature":0.70' in Exchange.objects.get(pk=opened.exchanges[0].id).body
    assert body_without_messages(pressed)["system"]["content"] == "Be brief"


def test_where_the_kept_body_is_masked_the_columns_settings_take_its_place(desk: Desk) -> None:
    opened = desk.open("Go", system=f"The key is {KEY}", tools=TOOLS)
    answered(opened, function("f"))
    step = loop_step(opened.exchanges[0].id, "here/1")
    assert step is not None
    assert step.opened is not None
    assert KEY.encode() in step.opened.exchanges[0].request.body
    assert KEY not in Exchange.objects.get(pk=step.opened.exchanges[0].id).body
