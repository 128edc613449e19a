"""A team's hundred thousand messages: 10,000 conversations in Chinese and English, the same ones on every machine.

`python -m bench.corpus --conversations 10000` fills the database that the environment names (PLAYGROUND_DATA or
DATABASE_URL, migrated); `bench.search` does so for databases of its own. Nothing here runs a model: words are drawn from a
vocabulary as uneven as a language's, so that some are in half of all messages and some in one of ten thousand.
"""

import argparse
import os
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from team.models import User

CONVERSATIONS: Final = 10_000
MESSAGES_EACH: Final = 10
TOKENS_OUT: Final = 300
CHARGES: Final = 100_000
CHARGED_MODELS: Final = 20
MONTHS: Final = 24
BATCH: Final = 200
"""Conversations per transaction."""
END: Final = datetime(2026, 11, 1, tzinfo=UTC)
PEOPLE: Final = ("alice", "bob", "charlie", "dora")
MODELS: Final = ("Qwen/Qwen3-32B", "deepseek-ai/DeepSeek-V3.1", "zai-org/GLM-4.6", "smollm2-135m")
PROVIDERS: Final = ("Gateway", "Cluster", "Local model")
ERRORS: Final = ("rate_limited", "authentication_failed", "timed_out", "upstream_error")

ENGLISH: Final = (
    "the of and to a in is that for it with as on be this by are from at an or was not which can have has will if more "
    "when one use time model data value should between other than request response token stream server system number "
    "example answer question function parameter temperature prompt message context window latency error retry network "
    "database index query table column cache thread process memory vector weight gradient attention layer training "
    "inference sampling probability distribution kubernetes deployment container pipeline scheduler throughput bandwidth "
    "compiler iterator generator protocol checksum quorum replication partition consensus idempotent backpressure"
)
CHINESE: Final = (
    "的 是 在 了 我们 可以 一个 这个 模型 数据 问题 使用 需要 如果 因为 所以 系统 时间 请求 响应 参数 温度 提示词 上下文 "
    "延迟 错误 重试 网络 数据库 索引 查询 缓存 线程 内存 向量 权重 梯度 注意力 训练 推理 采样 概率 分布 部署 容器 "
    "流水线 调度 吞吐量 带宽 编译器 迭代器 协议 校验 仲裁 复制 分区 共识 幂等 背压 温故知新 水落石出 画龙点睛 未雨绸缪"
)


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one language with how often each comes."""

    words: tuple[str, ...]
    weights: tuple[float, ...]
    between: str

    def text(self, dice: random.Random, count: int) -> str:
        """Return so many words as running text."""
        return self.between.join(dice.choices(self.words, cum_weights=self.weights, k=count))


def _uneven(text: str, between: str) -> Words:
    words = text.split()
    return Words(tuple(words), tuple(accumulate(1 / (rank + 1) for rank in range(len(words)))), between)


LANGUAGES: Final = (_uneven(ENGLISH, " "), _uneven(CHINESE, ""))


def corpus_make(*, conversations: int = CONVERSATIONS, said: bool = False) -> int:
    """Write the corpus into the empty database; return how many messages it has."""
    from django.db import transaction

    from conversations.services import usage_recount

    dice = random.Random(20261122)
    people = _people()
    begun = time.perf_counter()
    written = 0
    numbers = iter(range(conversations))
    while batch := list(islice(numbers, BATCH)):
        with transaction.atomic():
            written += _batch_write(dice, people, batch, conversations)
        if said and batch[-1] % 2000 == 2000 - 1:
            print(f"{written:,} messages in {time.perf_counter() - begun:.0f} s", flush=True)
    usage_recount()
    charges_make()
    return written


def charges_make(count: int = CHARGES) -> None:
    """Write what so many answers cost whose conversations are gone, in MONTHS months up to END: for many more models than
    the corpus has, each person with each, so that no sum is short."""
    from conversations.models import Charge

    dice = random.Random(20261122)
    people = _people()
    last = END.year * 12 + END.month - 2  # the last whole month, counted from year 0
    rows = (
        Charge(
            person=people[min(int(dice.paretovariate(1)) - 1, len(people) - 1)],
            provider_name=dice.choice(PROVIDERS),
            model=f"vendor/model-{min(int(dice.paretovariate(1)), CHARGED_MODELS)}",
            month=date(month // 12, month % 12 + 1, 1),
            tokens_in=dice.randint(50, 4000),
            tokens_cached=0,
            tokens_out=TOKENS_OUT,
            nano=nano,
            currency="" if nano is None else "USD",
        )
        for number in range(count)
        for month in [last - number * MONTHS // count]
        for nano in [None if dice.random() < 0.02 else dice.randrange(10**7)]
    )
    while batch := list(islice(rows, 1000)):
        Charge.objects.bulk_create(batch)


def _people() -> "list[User]":
    from team.models import User

    for name in PEOPLE:
        User.objects.get_or_create(username=name, defaults={"email": f"{name}@example.com"})
    return list(User.objects.filter(username__in=PEOPLE).order_by("username"))


def _batch_write(dice: random.Random, people: "list[User]", numbers: list[int], total: int) -> int:
    from conversations.models import Column, Conversation, Exchange, Message, Run

    made: dict[type[Any], list[Any]] = {Conversation: [], Run: [], Exchange: [], Message: [], Column: []}
    for number in numbers:
        for row in _conversation(dice, people, number, total):
            made[type(row)].append(row)
    # Messages and exchanges name each other: the databases look at that at the end of the transaction.
    for model, rows in made.items():
        model._default_manager.bulk_create(rows)
    return len(made[Message])


def _conversation(dice: random.Random, people: "list[User]", number: int, total: int) -> Iterator[Any]:
    """Yield the rows of one conversation: five questions, each with its answer."""
    from conversations.models import Column, Conversation, Exchange, Message, Run

    words = LANGUAGES[number % 2]
    begun = END - timedelta(minutes=7 * (total - number))
    owner = people[0] if dice.random() < 0.7 else dice.choice(people[1:])
    visibility = dice.choices(["private", "team", "team_edit"], [0.8, 0.15, 0.05])[0]
    conversation = Conversation(
        pk=_id(dice, begun),
        owner=owner,
        title=words.text(dice, 5)[:200],
        visibility=visibility,
        archived=dice.random() < 0.1,
        created=begun,
        updated=begun,
    )
    yield conversation
    parent: uuid.UUID | None = None
    for turn in range(MESSAGES_EACH // 2):
        at = begun + timedelta(seconds=40 * turn)
        run = Run(pk=_id(dice, at), conversation=conversation, person=owner, created=at)
        question = Message(
            pk=_id(dice, at),
            conversation=conversation,
            parent_id=parent,
            role="user",
            content=[{"type": "text", "text": words.text(dice, dice.randint(5, 20))}],
            author=owner,
            created=at,
        )
        failed = dice.random() < 0.02
        exchange = Exchange(
            pk=_id(dice, at),
            run=run,
            parent_id=question.pk,
            provider_name=dice.choice(PROVIDERS),
            api="generic",
            model=dice.choices(MODELS, [8, 4, 2, 1])[0],
            state="failed" if failed else "completed",
            timing={} if failed else _timing(dice),
            tokens_in=None if failed else dice.randint(50, 4000),
            tokens_out=None if failed else TOKENS_OUT,
            error={"kind": dice.choice(ERRORS), "message": "No."} if failed else None,
            method="POST",
            url="https://api.example.com/v1/chat/completions",
            body="{}",
            created=at,
            ended=at + timedelta(seconds=3),
        )
        text = "" if failed else words.text(dice, dice.randint(15, 60))
        answer = Message(
            pk=_id(dice, at + timedelta(milliseconds=5)),
            conversation=conversation,
            parent_id=question.pk,
            role="assistant",
            content=[{"type": "text", "text": text}] if text else [],
            exchange=exchange,
            choice=0,
            created=at,
        )
        parent = answer.pk
        yield from (run, question, exchange, answer)
    yield Column(conversation=conversation, position=0, leaf_id=parent, settings={"model": MODELS[0]})


def _timing(dice: random.Random) -> dict[str, float]:
    first = dice.lognormvariate(6, 0.6)
    return {"first_token": first, "last_token": first + TOKENS_OUT / dice.gauss(60, 8) * 1000}


def _id(dice: random.Random, at: datetime) -> uuid.UUID:
    """Return a UUID of version 7 for this moment."""
    number = int(at.timestamp() * 1000) << 80 | 0x7 << 76 | dice.getrandbits(12) << 64
    return uuid.UUID(int=number | 0b10 << 62 | dice.getrandbits(62))


def main() -> None:
    """Fill the database that the environment names."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
    django.setup()
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--conversations", type=int, default=CONVERSATIONS)
    begun = time.perf_counter()
    written = corpus_make(conversations=options.parse_args().conversations, said=True)
    print(f"{written:,} messages in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
