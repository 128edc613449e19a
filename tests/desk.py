"""A person at a conversation, with a turn that can be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from conversations.models import Conversation
from conversations.services import OpenedRun, Turn, conversation_create, run_open
from team.models import Provider, User
from team.selectors import endpoint_for
from tests.cast import provider_make

KEY = "sk-canary-0123456789abcdef"


@dataclass
class Desk:
    """A person at a conversation."""

    person: User
    conversation: Conversation
    provider: Provider

    def turn(self, text: str = "Hello", *, system: str = "", **parameters: str) -> Turn:
        return Turn(
            text=text,
            provider=self.provider,
            endpoint=endpoint_for(user=self.person, provider=self.provider),
            model="model-a",
            system=system,
            parameters=parameters,
        )

    def open(
        self, text: str = "Hello", *, run_id: UUID | None = None, system: str = "", **parameters: str
    ) -> OpenedRun:
        return run_open(
            person=self.person,
            conversation_id=self.conversation.pk,
            run_id=run_id or uuid4(),
            process="here/1",
            turns=[self.turn(text, system=system, **parameters)],
        )


def response(text: str = "Hi", **more: object) -> Mapping[str, object]:
    """A whole answer with one choice."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"object": "chat.completion", "choices": [choice], "usage": None, **more}


def desk_make(person: User, **provider: object) -> Desk:
    """Seat somebody at a new conversation, with a team provider that has a key."""
    made = provider_make(None, actor=person, key=KEY, **provider)
    return Desk(person, conversation_create(owner=person, settings={}), made)
