"""What a page follows: one exchange under one name of its own."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from playground.journal import Follower


@dataclass(slots=True, eq=False)
class Followed:
    """What a page calls by one `ref`: the reader of its frames, or the task that looks for them."""

    exchange_id: UUID
    after: int
    follower: Follower | None = None
    task: asyncio.Task[None] | None = None
