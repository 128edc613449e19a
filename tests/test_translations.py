"""Simplified Chinese is complete: every message of the code is translated, and pages and scripts show it.

What the code says is found here in Python, so that gettext's own tools are needed nowhere. After a change of texts,
`manage.py makemessages` brings the .po files up to date where those tools are installed; an editor does as well.
"""

from __future__ import annotations

import ast
import gettext
import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polib
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from django.utils.translation.template import templatize
from pytest_django import Settings

from playground.management.commands.compile_translations import problems_of

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("zh_Hans") / "LC_MESSAGES"
DOMAINS = ("django", "djangojs")

# Every call that marks a message → the names of its arguments that are texts.
TEXTS: dict[str, tuple[str, ...]] = {
    name + lazy: texts
    for name, texts in {
        "gettext": ("text",),
        "gettext_noop": ("text",),
        "ngettext": ("text", "plural"),
        "pgettext": ("context", "text"),
        "npgettext": ("context", "text", "plural"),
    }.items()
    for lazy in ("", "_lazy")
}
LITERAL = r"""u?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
CALL = re.compile(rf"(?<![\w.])(?P<name>n?p?gettext|_)\(\s*(?P<texts>{LITERAL}(?:\s*,\s*{LITERAL})*)?")

# Names, units and words of the APIs: the same in Chinese.
SAME = {
    "API", "Base URL", "base URL", "TTFT", "Tokens", "tok/s", "%(minutes)s min", "%(seconds)s s", "%(ms)s ms", "%(count)s B",
    "%(number)s of %(total)s", "token id", "tokens", "choice", "choice %(index)s", "JSON Schema", "tool_call_id",
    "%(value)s: %(problem)s", "%(token)s, %(percent)s %%", "%(figure)s %%", "%(amount)s %(currency)s",
}  # fmt: skip


class Message(NamedTuple):
    """One text to translate, as gettext tells texts apart."""

    text: str
    plural: str = ""
    context: str = ""


def message_of(name: str, texts: list[str]) -> Message:
    return Message(**dict(zip(TEXTS[name], texts, strict=False)))


def messages_of_python(path: Path) -> Iterator[Message]:
    """Yield what the calls of a module mark, whatever names it imports the functions by."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in TEXTS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            name = names[node.func.id]
            texts = [
                argument.value
                for argument in node.args[: len(TEXTS[name])]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            assert len(texts) == len(TEXTS[name]), f"{path}:{node.lineno}: only a literal can be translated"
            yield message_of(name, texts)


def messages_of_calls(source: str, where: Path) -> Iterator[Message]:
    """Yield what the calls in JavaScript, or in a template that Django has turned to calls, mark."""
    for call in CALL.finditer(source):
        name = "gettext" if call["name"] == "_" else call["name"]
        line = source.count("\n", 0, call.start()) + 1
        texts = [ast.literal_eval(text) for text in re.findall(LITERAL, call["texts"] or "")]
        assert len(texts) >= len(TEXTS[name]), f"{where}:{line}: only a literal can be translated"
        yield message_of(name, texts)


@cache
def messages(domain: str) -> frozenset[Message]:
    """Return every message of the domain that the code holds."""
    found: set[Message] = set()
    if domain == "djangojs":
        for path in (ROOT / "static" / "js").rglob("*.js"):
            if path.name != "i18n.js":  # it defines the functions
                found.update(messages_of_calls(path.read_text("utf-8"), path))
        return frozenset(found)
    for package in ("team", "conversations", "playground"):
        for path in (ROOT / package).rglob("*.py"):
            found.update(messages_of_python(path))
    for path in (ROOT / "templates").rglob("*.*"):
        found.update(messages_of_calls(templatize(path.read_text("utf-8"), origin=str(path)), path))
    return frozenset(found)


@cache
def catalog(domain: str) -> polib.POFile:
    return polib.pofile(str(ROOT / "locale" / FOLDER / f"{domain}.po"), check_for_duplicates=True)


@pytest.fixture
def compiled(tmp_path: Path, settings: Settings) -> Path:
    """The folder of the catalogs as compiled just now; Django reads them from there."""
    target = tmp_path / FOLDER
    target.mkdir(parents=True)
    for domain in DOMAINS:
        shutil.copy(ROOT / "locale" / FOLDER / f"{domain}.po", target)
    settings.LOCALE_PATHS = [tmp_path]
    call_command("compile_translations")
    return target


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_catalog_holds_every_message_of_the_code_and_no_other(domain: str) -> None:
    held = {Message(entry.msgid, entry.msgid_plural, entry.msgctxt or "") for entry in catalog(domain)}
    assert sorted(messages(domain) - held) == [], f"missing in {domain}.po"
    assert sorted(held - messages(domain)) == [], f"in {domain}.po, but nowhere in the code any more"


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_message_is_translated_and_keeps_its_placeholders(domain: str) -> None:
    assert problems_of(ROOT / "locale" / FOLDER / f"{domain}.po") == []
    assert [entry.msgid for entry in catalog(domain).obsolete_entries()] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_message_is_left_in_english(domain: str) -> None:
    english = {
        entry.msgid
        for entry in catalog(domain)
        if not re.search(r"[\u4e00-\u9fff]", entry.msgstr or entry.msgstr_plural[0])
    }
    assert sorted(english - SAME) == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_links_and_line_breaks_of_a_message_are_those_of_the_original(domain: str) -> None:
    def marks(text: str) -> list[str]:
        return re.findall(r"<[^>]+>|^\n|\n$", text)

    other = [
        entry.msgid for entry in catalog(domain) if entry.msgstr and marks(entry.msgid) != marks(entry.msgstr)
    ]
    assert other == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_compiled_catalog_says_what_its_source_says(compiled: Path, domain: str) -> None:
    with (compiled / f"{domain}.mo").open("rb") as file:
        loaded = gettext.GNUTranslations(file)
    for entry in catalog(domain):
        if entry.msgid_plural:
            for count in (0, 1, 2):
                assert loaded.ngettext(entry.msgid, entry.msgid_plural, count) == entry.msgstr_plural[0]
        elif entry.msgctxt:
            assert loaded.pgettext(entry.msgctxt, entry.msgid) == entry.msgstr
        else:
            assert loaded.gettext(entry.msgid) == entry.msgstr


def test_django_reads_the_compiled_catalog(compiled: Path) -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("Regenerate") == "重新生成"
        assert translation.ngettext("%(count)d image", "%(count)d images", 1) == "%(count)d 张图片"
    assert translation.gettext("Regenerate") == "Regenerate"


@pytest.mark.django_db
@pytest.mark.parametrize("accepted", ["zh-hans", "zh-CN,zh;q=0.9,en;q=0.8", "zh"])
def test_a_browser_that_reads_chinese_gets_chinese_pages(
    compiled: Path, client: Client, accepted: str
) -> None:
    page = client.get("/accounts/login/", headers={"accept-language": accepted}).content.decode()
    assert '<html lang="zh-hans"' in page
    assert "登录 · Chat Playground" in page
    assert ">用户名或邮箱</label>" in page
    assert "/jsi18n/" in page
    assert "Username or email" not in page


@pytest.mark.django_db
def test_scripts_get_every_text_in_chinese(compiled: Path, client: Client) -> None:
    script = client.get("/jsi18n/", headers={"accept-language": "zh-hans"}).content.decode()
    missing = [entry.msgid for entry in catalog("djangojs") if json.dumps(entry.msgstr) not in script]
    assert missing == []
