"""Reads. Each starts from the person; what somebody may not see does not exist for them (`DoesNotExist`)."""

from conversations.selectors.access import (
    conversation_editable_for,
    conversation_for,
    conversations_for,
    editable_by,
    exchange_for,
    exchange_state_for,
    exchanges_visible,
    may_edit,
    visible_to,
)
from conversations.selectors.attachments import (
    attachment_for,
    attachment_uses,
    attachments_in,
    attachments_used,
)
from conversations.selectors.conversations import (
    column_of,
    conversation_list,
    conversation_newest,
    conversations_count,
)
from conversations.selectors.exchanges import (
    KeptTrace,
    exchanges_live,
    exchanges_state,
    response_document,
    response_so_far,
    run_find,
    trace_of,
)
from conversations.selectors.request import history, message_for_api, messages_for_api
from conversations.selectors.tree import (
    alternatives,
    branch,
    branch_before,
    branch_from,
    branch_ids,
    choices_of,
    messages_of_run,
)

__all__ = [
    "KeptTrace",
    "alternatives",
    "attachment_for",
    "attachment_uses",
    "attachments_in",
    "attachments_used",
    "branch",
    "branch_before",
    "branch_from",
    "branch_ids",
    "choices_of",
    "column_of",
    "conversation_editable_for",
    "conversation_for",
    "conversation_list",
    "conversation_newest",
    "conversations_count",
    "conversations_for",
    "editable_by",
    "exchange_for",
    "exchange_state_for",
    "exchanges_live",
    "exchanges_state",
    "exchanges_visible",
    "history",
    "may_edit",
    "message_for_api",
    "messages_for_api",
    "messages_of_run",
    "response_document",
    "response_so_far",
    "run_find",
    "trace_of",
    "visible_to",
]
