"""The journal: the numbered frames of live exchanges."""

from playground.journal.base import Follower, Journal, Taken
from playground.journal.memory import MemoryJournal

__all__ = ["Follower", "Journal", "MemoryJournal", "Taken"]
