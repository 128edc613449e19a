"""``reasoning_details`` (OpenRouter and gateways like it), joined so that the list can be sent back as it is."""

from typing import Any, Final

from upstream.wire.jsontext import clean

_JOINED: Final = ("text", "summary")


class Details:
    """Fragments of the same type and index that follow one another become one entry.

    Text and summary are appended; a later signature or id fills an empty one; encrypted data is never joined.
    """

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[tuple[dict[str, Any], dict[str, list[str]]]] = []

    def add(self, items: list[Any]) -> None:
        """Append these fragments; what is no object is left out."""
        for item in items:
            if not isinstance(item, dict):
                continue
            fixed, texts = self._split(clean(item))
            if self._entries and self._continues(fixed):
                last, last_texts = self._entries[-1]
                last.update({key: value for key, value in fixed.items() if last.get(key) is None})
                for key, pieces in texts.items():
                    last_texts.setdefault(key, []).extend(pieces)
            else:
                self._entries.append((fixed, texts))

    def document(self) -> list[dict[str, Any]]:
        return [{**fixed, **{key: "".join(texts[key]) for key in texts}} for fixed, texts in self._entries]

    def _continues(self, fixed: dict[str, Any]) -> bool:
        last = self._entries[-1][0]
        return (
            "data" not in fixed
            and "data" not in last
            and all(last.get(key) == fixed.get(key) for key in ("type", "index"))
        )

    @staticmethod
    def _split(item: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        texts = {key: [item[key]] for key in _JOINED if isinstance(item.get(key), str)}
        return {key: value for key, value in item.items() if key not in texts}, texts
