"""What a snapshot holds, and what its owner leaves out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Included:
    """Each part that may be left out of a snapshot; False leaves it out of every form.

    `raw`: requests, responses, events, timing and code. `images`: every part that is not text. `author`: the names of
    those who wrote.
    """

    system: bool = True
    parameters: bool = True
    raw: bool = False
    images: bool = True
    author: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Included":
        """Return what was kept by `to_json`; what it does not name is left out."""
        return cls(**{field.name: value.get(field.name) is True for field in fields(cls)})

    def to_json(self) -> dict[str, bool]:
        """Return it as plain JSON."""
        return asdict(self)

    @property
    def all_that_was_sent(self) -> bool:
        """Whether nothing that a request carries is left out, so that requests can be shown as they were."""
        return self.system and self.parameters and self.images


EVERYTHING: Final = Included(raw=True, author=True)
