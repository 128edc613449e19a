"""The reference shows everything the catalog knows, in both languages, to those who may read it."""

import html
import json
import re
import shlex

import pytest
from django.test import Client

from playground.reference import reference_page
from team.models import TeamSettings
from upstream import catalog
from upstream.catalog.model import LANGUAGES


def text_of(page: str) -> str:
    """Return what a page says, without its tags and with single spaces."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("api", catalog.API_IDS)
def test_everything_documented_is_on_the_page(alice_client: Client, api: str, language: str) -> None:
    answer = alice_client.get(f"/reference/{api}/?language={language}")
    page = answer.content.decode()
    text = text_of(page)
    known = catalog.api(api)

    assert answer.status_code == 200
    assert f'lang="{language}"' in page.split(">", 2)[1] + page.split(">", 2)[0]
    assert known.names.in_language(language) in text
    for each in (*known.fields(), *known.response_fields, *known.headers):
        assert " ".join(each.help.in_language(language).split()) in text, each.path
        for choice in each.enum:
            assert choice in text
    for parameter in known.parameters:
        assert f'id="p-{parameter.path}"' in page
        assert f"/?parameter={parameter.path}" in page
        for bound in (parameter.minimum, parameter.maximum, parameter.default):
            assert bound is None or " ".join(str(bound).split()) in text
    for model in known.models:
        assert model in text


def test_no_id_is_there_twice(alice_client: Client) -> None:
    for api in catalog.API_IDS:
        ids = re.findall(r'\sid="([^"]+)"', alice_client.get(f"/reference/{api}/").content.decode())
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("api", catalog.API_IDS)
def test_a_sample_is_a_command_with_the_key_from_the_environment(api: str) -> None:
    known = catalog.api(api)
    for sample in reference_page(known).samples:
        words = shlex.split(sample.command)
        body = json.loads(words[words.index("--data-raw") + 1])
        assert words[0] == "curl"
        assert words[1].endswith(known.path)
        assert "Authorization: Bearer $API_KEY" in words
        assert body["messages"]
        assert {name: json.loads(source) for name, source in known.initial.items()}.items() <= body.items()


def test_strangers_read_it_only_where_the_administrators_allow_it(db: None) -> None:
    stranger = Client()
    for path in ("/reference/", "/reference/openai-chat/"):
        answer = stranger.get(path)
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={path}"

    TeamSettings.objects.create(pk=TeamSettings.ONLY_ROW, reference_public=True)
    for path in ("/reference/", "/reference/openai-chat/"):
        page = stranger.get(path)
        assert page.status_code == 200
        assert "?parameter=" not in page.content.decode()
    assert stranger.get("/reference/nothing/").status_code == 404
    assert stranger.post("/reference/").status_code == 405


def test_a_link_from_the_reference_leads_to_the_row(alice_client: Client) -> None:
    answer = alice_client.get("/?parameter=temperature&other=1")

    assert re.fullmatch(r"/conversations/[0-9a-f-]+/\?parameter=temperature", answer["Location"])
