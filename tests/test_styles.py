"""What a style sheet must not say, because it would cost every page with each new word of an answer.

Chromium asks every `:has()` of a page again for an inserted element when any rule is about whatever stands beside something
(`* + *`), or when any `:has()` looks for whatever there is (`*`) or for what is not so (`:not()`). And it styles all of an
answer anew when the state of that answer changes, if any rule makes whatever stands within something depend on such a state.
"""

import re
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).parent.parent / "static" / "css").glob("*.css"))
BESIDE_WHATEVER = re.compile(r"[+~]\s*(?:\*|\[|:(?!is\(|where\())")
AROUND_ANSWERS = r"(?:html|body|\.app|\.main|\.transcript|\.cmp|\.col|\.col__body|\.msg|\.msg__body)"
SOMEWHERE_WITHIN = re.compile(rf"(?:^|[\s>,(]){AROUND_ANSWERS}(?::not\()?:has\((?!\s*[>~+])")
STATES_OF_AN_ANSWER = r"\[(?:data-state|aria-busy|data-far)\b[^\]]*\]"
WHATEVER_IS_IN_A_STATE = re.compile(
    rf"{STATES_OF_AN_ANSWER}[^,]*[\s>+~](?:\*|:(?!is\(|where\()[^\s,(]*(?:\([^)]*\))?)\s*(?:,|$)"
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
RULE = re.compile(r"([^{};]+)\{")


def selectors(sheet: Path) -> list[str]:
    """Return the selectors of a style sheet, each with all of its commas."""
    return [found.strip() for found in RULE.findall(COMMENT.sub("", sheet.read_text())) if "@" not in found]


def looked_for(selector: str) -> list[str]:
    """Return what stands between the brackets of each `:has()`."""
    found = []
    for match in re.finditer(r":has\(", selector):
        depth = 1
        end = match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(selector[end], 0)
            end += 1
        found.append(selector[match.end() : end - 1])
    return found


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_rule_makes_each_inserted_element_a_reason_to_look_at_the_whole_page(sheet: Path) -> None:
    faults = [
        each
        for each in selectors(sheet)
        if BESIDE_WHATEVER.search(each) or any("*" in part or ":not(" in part for part in looked_for(each))
    ]

    assert faults == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_what_is_around_an_answer_never_depends_on_whatever_is_somewhere_within(sheet: Path) -> None:
    """Else each new element has all of the answer searched again: `:has()` there says how deep, with `>`, `~` or `+`."""
    faults = [each for each in selectors(sheet) if SOMEWHERE_WITHIN.search(each)]

    assert faults == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_whatever_is_within_a_state_is_named(sheet: Path) -> None:
    """Else `.panel[aria-busy="true"] > *` has every element of a long answer styled anew when that answer ends."""
    faults = [each for each in selectors(sheet) if WHATEVER_IS_IN_A_STATE.search(each)]

    assert faults == []
