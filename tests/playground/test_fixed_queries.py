"""Each page that shows many things asks the database as often for thirty of everything as for three."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.models import Charge, Comment, Conversation, Exchange, Message, Tag
from conversations.services import conversation_create, usage_recount
from conversations.services.charging import month_of
from playground.cost_tables import months_back
from team.models import ApiKey, Budget, Price, Provider, User
from tests.cast import client_of, person_make, provider_make

pytestmark = pytest.mark.django_db


class Team:
    """A team in which everything there is can be made more: each `grow` adds one of each kind for each number."""

    def __init__(self, alice: User, bob: User) -> None:
        self.people = (alice, bob)
        self.open = {each.pk: conversation_create(owner=each, settings={}) for each in self.people}
        self.tag = {each.pk: Tag.objects.create(person=each, name="kept") for each in self.people}
        self.said = {each.pk: self._say(each, self.open[each.pk]) for each in self.people}
        self.keys: list[ApiKey] = []

    def grow(self, numbers: range) -> None:
        for number in numbers:
            provider = provider_make(
                None, actor=self.people[0], name=f"Gateway {number}", key=f"sk-canary-0123456789{number}"
            )
            self.keys.append(ApiKey.objects.get(provider=provider))
            figures = {"input": 1, "output": 2, "currency": "USD"}
            Price.objects.create(model=f"model-{number}", provider=provider, **figures)
            Budget.objects.create(key=self.keys[-1], amount=Decimal(1), currency="USD")
            colleague = person_make(f"person-{number}")
            Budget.objects.create(person=colleague, amount=Decimal(1), currency="USD")
            for owner in (*self.people, colleague):
                self._work(owner, number, provider)
        usage_recount()

    def _work(self, owner: User, number: int, provider: Provider) -> None:
        shown, archived, gone = (
            Conversation(owner=owner, title=f"needle {number}", visibility="team") for _ in range(3)
        )
        archived.archived, gone.trashed = True, timezone.now()
        Conversation.objects.bulk_create([shown, archived, gone])
        tag = self.tag.get(owner.pk) or Tag.objects.create(person=owner, name="kept")
        shown.tags.add(tag, Tag.objects.create(person=owner, name=f"tag {number}"))
        run = shown.runs.create(pk=uuid4(), person=owner)
        values = {
            "method": "POST",
            "url": "u",
            "body": "{}",
            "api": "generic",
            "tokens_in": 1,
            "tokens_out": 2,
        }
        for state, error in (("completed", None), ("failed", {"kind": f"error {number % 3}"})):
            exchange = Exchange.objects.create(
                run=run,
                provider_name=provider.name,
                model=f"model-{number}",
                state=state,
                error=error,
                **values,
            )
            self._say(owner, shown, exchange=exchange, choice=0, tool_calls=[{"id": "1"}])
            Charge.objects.create(
                exchange=exchange,
                person=owner,
                provider=provider,
                key=self.keys[-1],
                provider_name=provider.name,
                model=exchange.model,
                month=months_back(month_of(timezone.now()), 12)[-1 - number % 12],
                nano=5 if error is None else None,
                currency="USD" if error is None else "",
            )
        for each in self.people:
            Comment.objects.create(message=self.said[each.pk], author=owner, text="Why?")
            self.open[each.pk].tags.add(Tag.objects.create(person=each, name=f"{owner} {number}"))

    @staticmethod
    def _say(author: User, where: Conversation, **answer: object) -> Message:
        role = "assistant" if answer else "user"
        content = [{"type": "text", "text": "needle"}, {"type": "image_url", "image_url": {"url": "u"}}]
        return Message.objects.create(
            conversation=where, role=role, content=content, author=None if answer else author, **answer
        )

    def pages(self, user: User) -> Iterator[str]:
        """Yield the address of each page, with each of its filters."""
        tag, key, now = self.tag[user.pk].pk, self.keys[0].pk, timezone.now()
        today, month, me = f"{now:%Y-%m-%d}", f"{month_of(now):%Y-%m}", user.pk
        asked = {
            "conversation-list": f" q=needle view=own view=archived view=team view=tag-{tag}",
            "search": f"q=needle q=ne model=model-1 provider=Gateway+1 state=failed tag={tag} person={me} since={today}"
            f" until={today} images=1 tools=1 error=error+1 q=needle&state=failed q=needle&brief=1",
            "trash": "",
            "usage": f" period=today period=7 period=30 period=90 provider=Gateway+1 model=model-1 person={me} by=model",
            "costs": f" person={me} key={key} model=model-1 month={month} months=3",
            "own-data": "",
        }
        if user.is_administrator:
            asked |= {"prices": " q=model", "budgets": ""}
        for name, queries in asked.items():
            yield from (f"{reverse(name)}?{query}" for query in queries.split(" "))
        yield reverse("conversation-keeping", args=[self.open[user.pk].pk])  # its tags and its cost
        yield reverse("conversation", args=[self.open[user.pk].pk])
        yield reverse("message-comments", args=[self.said[user.pk].pk])


def asked_by(client: Client, pages: Iterator[str]) -> dict[str, int]:
    counts = {}
    for page in pages:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200, page
        counts[page] = len(queries)
    return counts


@pytest.mark.parametrize("name", ["alice", "bob"])  # an administrator, a member
def test_thirty_of_everything_take_the_queries_of_three(name: str, alice: User, bob: User) -> None:
    team = Team(alice, bob)
    user = {"alice": alice, "bob": bob}[name]
    client = client_of(user)
    team.grow(range(3))
    asked_by(client, team.pages(user))  # what is read once in a process has been read then
    few = asked_by(client, team.pages(user))
    team.grow(range(3, 30))
    assert asked_by(client, team.pages(user)) == few
