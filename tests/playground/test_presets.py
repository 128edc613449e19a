"""Presets through HTTP: kept, versioned, shared, applied; whatever a template holds is text."""

import json
import os
from functools import partial
from html import unescape
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations import selectors
from conversations.models import Conversation, Preset, PresetVersion
from conversations.preset_text import TemplateRefused, TooManyVariables, names_in, rendered
from conversations.services import conversation_create, person_data_delete
from team.models import Provider, User
from tests.cast import client_of, provider_make
from tests.desk import Desk, desk_make
from tests.threads import at_once

PARAMETERS = {"temperature": "0.70", "tools": '[{"type": "function", "function": {"name": "f"}}]'}
SLOW = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
MUSTACHE = st.lists(
    st.sampled_from(
        (
            "{{",
            "}}",
            "{",
            "}",
            "#",
            "/",
            "&",
            "!",
            ">",
            "=",
            "^",
            ".",
            "x",
            "名",
            " ",
            "\n",
            "\x00",
            "\ud800",
            "{{x}}",
            "{{ y }}",
            "{{{x}}}",
            "__class__",
            "{% load %}",
            "<script>",
            "${x}",
            "lambda",
            "0",
        )
    )
    | st.text(max_size=8),
    max_size=12,
).map("".join)


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def fields(provider: Provider | None, **more: str) -> dict[str, str]:
    return {
        "provider": str(provider.pk) if provider else "",
        "model": "model-a",
        "system": "Be brief.",
        "parameters": json.dumps(PARAMETERS),
        "message": "",
        **more,
    }


def saved(client: Client, provider: Provider | None, **more: str) -> Preset:
    answer = client.post("/presets/new/", fields(provider, name="Brief", **more))
    assert answer.status_code == 200, answer.content.decode()
    return Preset.objects.latest("created")


def newest(preset: Preset) -> PresetVersion:
    return selectors.preset_newest(preset=preset)


def column_settings(conversation: Conversation) -> dict[str, Any]:
    kept: dict[str, Any] = selectors.column_of(conversation=conversation).settings
    return kept


def applied(client: Client, desk: Desk, preset: Preset, **values: str) -> str:
    answer = client.post(f"/conversations/{desk.conversation.pk}/presets/{preset.pk}/", values)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def composed(html: str) -> str:
    """Return the message for the composer that an applied preset has."""
    return unescape(html.split("data-applied", 1)[1].split(">", 1)[1].split("</div>", 1)[0])


def test_settings_come_back_as_they_were_saved(client: Client, desk: Desk) -> None:
    preset = saved(client, desk.provider)
    html = applied(client, desk, preset)
    kept = column_settings(desk.conversation)
    assert kept == {
        "provider": str(desk.provider.pk),
        "model": "model-a",
        "system": "Be brief.",
        "parameters": PARAMETERS,
    }
    assert list(kept["parameters"]) == list(PARAMETERS)
    assert 'data-model="model-a"' in html
    assert "0.70" in html


def test_each_save_is_a_version_and_an_earlier_one_comes_back(client: Client, desk: Desk) -> None:
    preset = saved(client, desk.provider)
    path = f"/presets/{preset.pk}"
    assert client.post(f"{path}/save/", fields(desk.provider, system="Be long.")).status_code == 200
    assert client.post(f"{path}/save/", fields(desk.provider, system="Be long.")).status_code == 200
    assert [each.number for each in selectors.preset_versions(preset=preset)] == [2, 1]
    page = client.get(f"{path}/").content.decode()
    assert "<ins>long</ins>" in page
    assert "<del>brief</del>" in page
    page = client.post(f"{path}/revert/1/").content.decode()
    assert "Version 3" in page
    assert newest(preset).settings["system"] == "Be brief."
    client.post(f"{path}/revert/3/")
    assert newest(preset).number == 3
    for missing in (0, 4, 10**12):
        assert client.post(f"{path}/revert/{missing}/").status_code == 404


def test_variables_are_asked_for_and_put_in_letter_for_letter(client: Client, desk: Desk) -> None:
    typed = {
        "system": "You live in {{city}}. Speak {{ 语言 }}, {{age}} years.",
        "message": "Hello from {{city}}",
        "kind:city": "text",
        "default:city": "Paris",
        "kind:语言": "choice",
        "choices:语言": "English\n中文\n\nEnglish",
        "kind:age": "number",
    }
    preset = saved(client, desk.provider, **typed)
    assert [(each["name"], each["kind"]) for each in newest(preset).variables] == [
        ("city", "text"),
        ("语言", "choice"),
        ("age", "number"),
    ]
    path = f"/conversations/{desk.conversation.pk}/presets/{preset.pk}/"
    form = client.get(path).content.decode()
    assert form.count("<option") == 2
    assert "Paris" in form
    hostile = '<b>&{{age}}"\n{{#x}}'
    html = applied(client, desk, preset, **{"value:city": hostile, "value:语言": "中文", "value:age": "-1.5"})
    said = f"You live in {hostile}. Speak 中文, -1.5 years."
    assert column_settings(desk.conversation)["system"] == said
    assert composed(html) == f"Hello from {hostile}"
    for wrong in ({"value:age": "seven"}, {"value:age": ""}, {"value:语言": "Deutsch", "value:age": "1"}):
        answer = client.post(path, {"value:语言": "中文", **wrong})
        assert answer.status_code == 422
        assert column_settings(desk.conversation)["system"] == said


def test_without_variables_nothing_is_asked(client: Client, desk: Desk) -> None:
    preset = saved(client, desk.provider)
    answer = client.get(f"/conversations/{desk.conversation.pk}/presets/{preset.pk}/")
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "more",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"system": "{{#each}}"},
        {"message": "{{{raw}}}"},
        {"system": "{{a.b}}"},
        {"system": "{{x}}", "kind:x": "number", "default:x": "seven"},
        {"system": "{{x}}", "kind:x": "choice"},
        {"system": " ".join(f"{{{{v{n}}}}}" for n in range(41))},
        {"parameters": "[1"},
        {"provider": "of-nobody"},
    ],
)
def test_what_cannot_be_kept_is_said(client: Client, desk: Desk, more: dict[str, str]) -> None:
    answer = client.post("/presets/new/", fields(desk.provider, name="Brief") | more)
    assert answer.status_code == 422
    assert answer.content.decode().strip()
    assert not Preset.objects.exists()


def test_pinned_ones_come_first_for_who_pinned_them(client: Client, desk: Desk, bob: User) -> None:
    first = saved(client, desk.provider)
    for name in ("A", "Z"):
        client.post("/presets/new/", fields(desk.provider, name=name))
    Preset.objects.update(shared=True)
    html = client.post(f"/presets/{first.pk}/pin/", {"pinned": "1"}).content.decode()
    assert html.index("Brief") < html.index(">A<") < html.index(">Z<")
    html = client_of(bob).get("/presets/").content.decode()
    assert html.index(">A<") < html.index("Brief")
    client.post(f"/presets/{first.pk}/pin/")
    assert client.get("/presets/").content.decode().count('aria-pressed="true"') == 0


def test_the_team_uses_what_is_shared_and_changes_nothing(alice: User, bob: User, client: Client) -> None:
    own = provider_make(alice, name="Secret gateway")
    preset = saved(client, own)
    desk, his = desk_make(bob, name="Of the team"), client_of(bob)
    path = f"/presets/{preset.pk}"
    paths = (f"{path}/", f"{path}/save/", f"/conversations/{desk.conversation.pk}/presets/{preset.pk}/")
    assert [his.get(each).status_code for each in paths] == [404, 404, 404]
    assert "Brief" not in his.get("/presets/").content.decode()

    page = client.post(f"{path}/change/", {"name": "Shorter", "shared": "on"}).content.decode()
    assert "Shorter" in page
    assert "Shorter" in his.get("/presets/").content.decode()
    for deed in ("save/", "change/", "delete/", "revert/1/"):
        answer = his.post(f"{path}/{deed}", fields(None, name="Mine"))
        assert answer.status_code == 403
        assert "Only alice" in answer.content.decode()
    html = applied(his, desk, preset) + his.get(f"{path}/").content.decode()
    assert "not yours to use" in html
    assert "Secret gateway" not in html
    assert column_settings(desk.conversation)["system"] == "Be brief."
    assert column_settings(desk.conversation)["provider"] == ""

    client.post(f"{path}/change/", {"name": "Shorter"})
    assert his.get(f"{path}/").status_code == 404


def test_who_may_only_look_applies_nothing(client: Client, desk: Desk, bob: User) -> None:
    Conversation.objects.filter(pk=desk.conversation.pk).update(visibility="team")
    preset = saved(client, desk.provider)
    Preset.objects.update(shared=True)
    answer = client_of(bob).post(f"/conversations/{desk.conversation.pk}/presets/{preset.pk}/")
    assert answer.status_code == 403
    assert column_settings(desk.conversation) == {}


def test_settings_of_an_exchange_are_taken_over(client: Client, desk: Desk, bob: User) -> None:
    sent = desk.open(system="Be wild.", temperature="1.50", seed="12345678901234567890").exchanges[0]
    other = conversation_create(owner=desk.person, settings={"provider": "", "model": "other"})
    path = f"/conversations/{other.pk}/settings/from/{sent.id}/"
    answer = client.post(path)
    assert answer.status_code == 200, answer.content.decode()
    kept = column_settings(other)
    assert kept["provider"] == str(desk.provider.pk)
    assert (kept["model"], kept["system"]) == ("model-a", "Be wild.")
    assert kept["parameters"]["temperature"] == "1.50"
    assert kept["parameters"]["seed"] == "12345678901234567890"
    assert "messages" not in kept["parameters"]
    assert "model" not in kept["parameters"]
    his = conversation_create(owner=bob, settings={})
    stolen = client_of(bob).post(f"/conversations/{his.pk}/settings/from/{sent.id}/")
    assert stolen.status_code == 404
    assert column_settings(his) == {}


def test_presets_go_with_the_person(client: Client, desk: Desk) -> None:
    saved(client, desk.provider)
    person_data_delete(user=desk.person)
    assert not Preset.objects.exists()
    assert not PresetVersion.objects.exists()


def test_a_preset_is_deleted_with_its_versions(client: Client, desk: Desk) -> None:
    preset = saved(client, desk.provider)
    assert "No preset yet" in client.post(f"/presets/{preset.pk}/delete/").content.decode()
    assert not PresetVersion.objects.exists()


# Hostile texts


@SLOW
@given(text=MUSTACHE, value=MUSTACHE)
def test_a_text_is_refused_or_rendered_letter_for_letter(text: str, value: str) -> None:
    try:
        names = names_in([text])
    except (TemplateRefused, TooManyVariables):
        return
    said = rendered(text, dict.fromkeys(names, value))
    if names:
        assert value in said
    else:
        assert said == text


@SLOW
@given(
    system=MUSTACHE, message=MUSTACHE, value=MUSTACHE, kind=st.sampled_from(("text", "number", "choice", "x"))
)
def test_nothing_typed_breaks_or_runs(
    desk: Desk, client: Client, system: str, message: str, value: str, kind: str
) -> None:
    more = {"kind:x": kind, "default:x": value, "choices:x": value, "name": "n"}
    typed = fields(desk.provider, system=clean(system), message=clean(message))
    answer = client.post("/presets/new/", typed | {name: clean(each) for name, each in more.items()})
    assert answer.status_code in (200, 422)
    assert "PLAYGROUND_PWNED" not in os.environ
    if answer.status_code == 422:
        return
    preset = Preset.objects.latest("created")
    assert newest(preset).message == clean(message).replace("\r\n", "\n").replace("\x00", "\ufffd")
    path = f"/conversations/{desk.conversation.pk}/presets/{preset.pk}/"
    assert client.get(path).status_code in (200, 204)
    assert client.post(path, {"value:x": clean(value)}).status_code in (200, 422)
    assert client.get(f"/presets/{preset.pk}/").status_code == 200
    preset.delete()


def clean(text: str) -> str:
    """Return a text as a form can carry it."""
    return text.encode("utf-8", "replace").decode()


@pytest.mark.django_db(transaction=True)
def test_a_preset_that_is_pinned_while_it_is_deleted_goes(desk: Desk) -> None:
    preset = saved(client_of(desk.person), desk.provider)
    pins = [
        partial(client_of(desk.person).post, f"/presets/{preset.pk}/pin/", {"pinned": "1"}) for _ in range(3)
    ]

    *pinned, deleted = at_once(*pins, partial(client_of(desk.person).post, f"/presets/{preset.pk}/delete/"))

    assert deleted.status_code == 200
    assert {answer.status_code for answer in pinned} <= {200, 404}
    assert not Preset.objects.exists()
