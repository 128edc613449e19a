"""Nudges to open pages over the channel layer. They may be lost: what they announce is found by reading again, too."""

from channels.layers import get_channel_layer

from team.models import User


def person_group(user_id: object) -> str:
    """Return the name of the channel group that all pages of a person belong to."""
    return f"person-{user_id}"


async def conversations_changed(person: User) -> None:
    """Tell a person's pages that their list of conversations changed."""
    await _send(person.pk, {"type": "conversations.changed"})


async def person_signed_out(user_id: int, *, session_key: str | None, kept: str | None) -> None:
    """Close the sockets of a session that ended; where `session_key` is None, of all sessions but `kept`."""
    await _send(user_id, {"type": "person.signed_out", "session": session_key, "kept": kept})


async def _send(user_id: int, event: dict[str, object]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(person_group(user_id), event)
