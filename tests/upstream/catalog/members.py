"""The smallest JSON that holds a documented member at its place."""

import json
from collections.abc import Mapping


def holding(path: str, types: Mapping[str, tuple[str, ...]], text: str) -> str:
    """Return JSON text of the first name of `path` that holds `text` at the path; `types` are those of every path."""
    names = path.split(".")
    for depth in range(len(names) - 1, 0, -1):
        name = "any name" if names[depth] == "*" else names[depth]
        text = f"{{{json.dumps(name)}:{text}}}"
        if "array" in types[".".join(names[:depth])]:
            text = f"[{text}]"
    return text
