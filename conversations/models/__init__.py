"""What is kept: conversations as trees of messages, and the exchanges that made them.

Words as in the design: a *conversation* holds *messages* (a tree) and *columns* (leaves with settings); a *run* is one press
of Send and holds one *exchange* for each column; an exchange keeps its request, its response and its *trace*.
"""

from conversations.models.archives import ArchiveEntry
from conversations.models.attachments import Attachment, AttachmentUse
from conversations.models.changes import TreeChange
from conversations.models.charges import Charge
from conversations.models.comments import Comment
from conversations.models.exchanges import Exchange, Run, Trace
from conversations.models.identity import new_id
from conversations.models.organising import Seen, Tag
from conversations.models.presets import Preset, PresetVersion
from conversations.models.searching import SearchText
from conversations.models.shares import Share, ShareAttachment, ShareExchange
from conversations.models.tool_mocks import ToolLoop, ToolMock
from conversations.models.tree import Column, Conversation, Message
from conversations.models.usage import Usage

__all__ = [
    "ArchiveEntry",
    "Attachment",
    "AttachmentUse",
    "Charge",
    "Column",
    "Comment",
    "Conversation",
    "Exchange",
    "Message",
    "Preset",
    "PresetVersion",
    "Run",
    "SearchText",
    "Seen",
    "Share",
    "ShareAttachment",
    "ShareExchange",
    "Tag",
    "ToolLoop",
    "ToolMock",
    "Trace",
    "TreeChange",
    "Usage",
    "new_id",
]
