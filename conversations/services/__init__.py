"""Writes. Keyword-only functions named noun_verb; nothing else changes a row of this package."""

from conversations.services.conversation import (
    branch_show,
    column_settings_update,
    conversation_create,
    conversation_delete,
    conversation_rename,
)
from conversations.services.recording import Ending, Progress, ResponseHead, Written, recordings_write
from conversations.services.recovery import exchange_recover
from conversations.services.run import (
    MessageMissing,
    OpenedExchange,
    OpenedRun,
    RunConflict,
    ToolResult,
    Turn,
    run_open,
)

__all__ = [
    "ColumnMissing",
    "Ending",
    "MessageMissing",
    "OpenedExchange",
    "OpenedRun",
    "Progress",
    "ResponseHead",
    "RunConflict",
    "ToolResult",
    "Turn",
    "Written",
    "branch_show",
    "column_settings_update",
    "conversation_create",
    "conversation_delete",
    "conversation_rename",
    "exchange_recover",
    "recordings_write",
    "run_open",
]
