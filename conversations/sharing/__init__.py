"""What a link shows: snapshots of branches without what their owner leaves out, and what to warn of before. All pure."""

from conversations.sharing.findings import Finding, findings_of
from conversations.sharing.included import EVERYTHING, Included
from conversations.sharing.snapshot import Snapshot, SnapshotSource, snapshot_make
from conversations.sharing.source import Branch, BranchExchange, BranchImage, BranchMessage

__all__ = [
    "EVERYTHING",
    "Branch",
    "BranchExchange",
    "BranchImage",
    "BranchMessage",
    "Finding",
    "Included",
    "Snapshot",
    "SnapshotSource",
    "findings_of",
    "snapshot_make",
]
