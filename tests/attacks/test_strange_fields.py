"""Fields that make no sense, in the form and in the query of every address: who sends them is told so, nothing breaks."""

from collections.abc import Iterable
from typing import Final

import pytest

from tests.attacks.actors import ask
from tests.attacks.belongings import ALL_ROUTES, Belongings, belongings_make
from tests.attacks.test_access import DESTROYS
from tests.fakes import FakeUpstream
from tests.playground.pages import Page

pytestmark = pytest.mark.served

VALUES: Final = (
    "", "\0", "-1", "NaN", "Infinity", "1e999", "9" * 5_000, "٣", "²", "\u202e\u2028\x85", "null", "[]", "[[{}]]",
    '{"": "5"}', '{"a": [null], "tools": "[5]", "n": "x"}', "[" * 5_000,
    '{"role": "assistant", "tool_calls": [{"function": 5}]}', "2026-02-30T25:61+99:00", "0001-01-01", "../../etc/passwd", "http://[::1",
    "javascript:alert(1)",
    "person-99999999999999999999", "%s{0}", "=1+1", "a,b,,c", "x" * 20_000,
)  # fmt: skip
MORE: Final = (
    "after", "at", "before", "below", "by", "column", "columns", "deed", "edit", "exchange", "held", "ids", "image", "key",
    "kind", "language", "month", "months", "of", "page", "part", "period", "person", "pinned", "provider", "q", "raw",
    "results", "seen", "shown", "tab", "tags", "text", "through", "tip", "token", "values", "view", "visibility", "way",
    "with", "whole",
)  # fmt: skip
"""Names that forms and queries know, beside those of `Belongings.fields`."""
ENDS_THE_SESSION: Final = frozenset(
    {"account_logout", "account_change_password", "own-data-delete", "account-delete"}
)


@pytest.fixture(scope="module")
def things(alice: Page, upstream: FakeUpstream) -> Belongings:
    return belongings_make(alice, upstream)


def strange(names: Iterable[str], turn: int) -> dict[str, str]:
    """Return a nonsense for each name; another one in each turn."""
    known = sorted({*names, *MORE})
    return {name: VALUES[(place + turn) % len(VALUES)] for place, name in enumerate(known)}


def test_no_field_breaks_an_address(alice: Page, things: Belongings) -> None:
    failed: dict[tuple[str, str], int] = {}
    for turn, (name, _pattern) in enumerate(ALL_ROUTES):
        fields = strange(things.fields(name), turn)
        path = things.path(name).partition("?")[0]
        short = {field: value for field, value in fields.items() if len(value) < 100}
        answers = {"GET": alice.client.get(path, params=short, follow_redirects=False)}
        if f"POST {name}" not in DESTROYS and name not in ENDS_THE_SESSION:
            answers["POST"] = ask(alice, "POST", path, fields)
        failed |= {
            (method, name): answer.status_code
            for method, answer in answers.items()
            if answer.status_code >= 500
        }
    assert failed == {}
    assert alice.client.get(things.path("conversation")).status_code == 200
