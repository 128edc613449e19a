"""Which parameter an upstream objects to: the error names one that was sent, in its `param` or in its words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from upstream.catalog import Api, OutOfRange, json_text
from upstream.catalog.json_text import InvalidJsonText

OF_CONVERSATION: Final = ("model", "messages")
"""Members that no run can go without."""
_NAME_END: Final = re.compile(r"[.\[\]/]")
_LEADING: Final = re.compile(r"^(?:\$\.|body\.|#/|/)+")
_NOUNS: Final = r"(?:parameters?|arguments?|params?|fields?|propert(?:y|ies)|inputs?|keys?|values?|options?)"
_VERBS: Final = (
    r"(?:must|should|cannot|exceeds|out of range|"
    r"is (?:too|only|out of|invalid|unsupported|unknown|required|not (?:supported|allowed|permitted|valid)))"
)


@dataclass(frozen=True, slots=True)
class Objection:
    """A parameter of the request that the error is about. `source` is what was sent, `limit` the documented bound it is
    past, both JSON text; `limit` is "" where the catalog knows none."""

    parameter: str
    source: str
    limit: str


def objection_of(*, api: Api, error: Mapping[str, Any] | None, body: str) -> Objection | None:
    """Return the parameter of this body that the error (`UpstreamError.to_json`) names, or None."""
    if not error or not 400 <= (error.get("status") or 400) < 500:
        return None
    sent = _sent(body)
    name = _named(str(error.get("param") or ""), sent) or _spoken(str(error.get("message") or ""), sent)
    return Objection(name, sent[name], _limit(api, name, sent[name])) if name else None


def _sent(body: str) -> dict[str, str]:
    try:
        members = json_text.members(body)
    except (InvalidJsonText, TypeError):
        return {}
    return {name: source for name, source in members if name not in OF_CONVERSATION}


def _named(param: str, sent: Iterable[str]) -> str:
    """Return the parameter of a path such as `tools[0].function` or `$.body.temperature`."""
    top = _NAME_END.split(_LEADING.sub("", param.strip().strip("'\"`")), maxsplit=1)[0]
    return top if top in sent else ""


def _spoken(message: str, sent: Iterable[str]) -> str:
    """Return the parameter that a sentence names first.

    A name that is no English word counts wherever it stands; `n`, `stop` or `user` only in quotes or beside words
    such as "parameter" and "must".
    """
    found = []
    for name in sent:
        word = re.escape(name)
        whole = rf"(?<![\w-]){word}(?![\w-])"
        clear = "_" in name and len(name) > 3
        pattern = (
            whole
            if clear
            else rf"[`'\"]{word}[`'\"]|{_NOUNS}:?\s+{whole}|{whole}:?\s+{_NOUNS}|{whole}:?\s+{_VERBS}\b|^{whole}\s*:"
        )
        if match := re.search(pattern, message[:5000], re.IGNORECASE):
            found.append((match.start(), -len(name), name))
    return min(found)[2] if found else ""


def _limit(api: Api, name: str, source: str) -> str:
    parameter = api.parameter(name)
    if parameter is None:
        return ""
    warnings = parameter.judge(source).warnings
    return next(
        (
            each.nearest
            for each in warnings
            if isinstance(each, OutOfRange) and each.path == name and each.nearest
        ),
        "",
    )
