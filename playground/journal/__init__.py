"""The journal: the numbered frames of live exchanges."""

from playground.journal.base import Follower, Journal, Taken
from playground.journal.memory import MemoryJournal
from playground.journal.redis import RedisJournal

__all__ = ["Follower", "Journal", "MemoryJournal", "RedisJournal", "Taken"]
