"""What names a row."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """Return a time-ordered UUID (version 7), so that primary keys sort by creation."""
    return uuid7()
