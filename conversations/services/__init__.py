"""Writes. Keyword-only functions named noun_verb; nothing else changes a row of this package."""

from conversations.services.attachment import (
    attachment_create,
    attachment_digests,
    attachments_release,
    attachments_reuse,
)
from conversations.services.columns import (
    MAX_COLUMNS,
    LastColumn,
    TooManyColumns,
    column_add,
    column_move,
    column_remove,
    columns_lead,
    columns_part,
    columns_sweep,
)
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
    "MAX_COLUMNS",
    "ColumnMissing",
    "Ending",
    "LastColumn",
    "MessageMissing",
    "OpenedExchange",
    "OpenedRun",
    "Progress",
    "ResponseHead",
    "RunConflict",
    "TooManyColumns",
    "ToolResult",
    "Turn",
    "Written",
    "branch_show",
    "column_settings_update",
    "conversation_create",
    "conversation_delete",
    "conversation_rename",
    "column_add",
    "column_move",
    "column_remove",
    "exchange_recover",
    "columns_lead",
    "columns_part",
    "columns_sweep",
    "recordings_write",
    "run_open",
]
