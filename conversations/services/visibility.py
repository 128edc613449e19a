"""To whom a conversation is shown."""

from conversations.models import Conversation


def visibility_set(*, conversation: Conversation, visibility: str) -> bool:
    """Show a conversation to the team, to look at or to work on, or to nobody else; whether that changed anything.

    Only for its owner. Raises ValueError for a visibility that there is not.
    """
    wanted = Conversation.Visibility(visibility)
    if conversation.visibility == wanted:
        return False
    conversation.visibility = wanted
    conversation.save(update_fields=["visibility"])
    return True
