"""The middleware that stays on the event loop does what Django's own does."""

from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, override_settings
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt

from playground.middleware import FORM, FORM_AT_ONCE
from playground.urls import urlpatterns as site_urlpatterns
from tests.cast import PASSWORD, person_make

pytestmark = pytest.mark.django_db(transaction=True)


async def remember(request: HttpRequest) -> HttpResponse:
    """Change the session."""
    await request.session.aset("seen", request.GET["seen"])
    return HttpResponse("kept")


async def language(request: HttpRequest) -> HttpResponse:
    """Answer with the active language."""
    return HttpResponse(get_language() or "")


async def tell(request: HttpRequest) -> HttpResponse:
    """Leave a message for the next page."""
    messages.info(request, "Done.")
    return HttpResponse("told")


def shown(request: HttpRequest) -> HttpResponse:
    """Show the messages, in a thread as a template would."""
    return HttpResponse(" ".join(str(message) for message in messages.get_messages(request)))


async def save(request: HttpRequest) -> HttpResponse:
    """Take a form."""
    return HttpResponse(f"saved {request.POST['text']}")


urlpatterns = [
    path("remember/", remember),
    path("language/", language),
    path("tell/", tell),
    path("shown/", shown),
    path("save/", save),
    path("open/", csrf_exempt(save)),
    *site_urlpatterns,  # the error pages lead to it
]


@pytest.fixture
def client() -> AsyncClient:
    return AsyncClient(enforce_csrf_checks=True)


@pytest.fixture(autouse=True)
def _urls() -> object:
    with override_settings(ROOT_URLCONF=__name__):
        yield


async def test_a_changed_session_is_saved(client: AsyncClient) -> None:
    await client.get("/remember/", {"seen": "this"})
    session = SessionStore(client.cookies["sessionid"].value)
    assert await session.aget("seen") == "this"


async def test_a_session_nobody_touched_makes_no_cookie(client: AsyncClient) -> None:
    answer = await client.get("/language/")
    assert answer.cookies == SimpleCookie()


async def test_the_language_follows_the_browser(client: AsyncClient) -> None:
    answer = await client.get("/language/", headers={"accept-language": "zh-CN,zh;q=0.9"})
    assert answer.content == b"zh-hans"
    assert answer["Content-Language"] == "zh-hans"


async def test_messages_reach_the_next_page_once(client: AsyncClient) -> None:
    await client.get("/tell/")
    assert (await client.get("/shown/")).content == b"Done."
    assert (await client.get("/shown/")).content == b""


async def test_a_form_without_its_token_is_refused(client: AsyncClient) -> None:
    assert (await client.post("/save/", {"text": "a"})).status_code == 403


@pytest.mark.parametrize("token", ["", "stale", "t" * 64])
@pytest.mark.parametrize("size", [1, FORM_AT_ONCE + 1])
async def test_a_stale_form_is_refused_with_a_page_that_knows_who_asks(
    client: AsyncClient, token: str, size: int
) -> None:
    await client.aforce_login(await sync_to_async(person_make)("alice"))
    form = urlencode({"text": "a" * size, "csrfmiddlewaretoken": token})

    answer = await client.post("/save/", form, content_type=FORM)

    assert answer.status_code == 403
    assert "This page is out of date" in answer.content.decode()


async def test_a_form_with_its_token_is_taken(client: AsyncClient) -> None:
    token = "t" * 32
    client.cookies["csrftoken"] = token
    answer = await client.post("/save/", {"text": "a", "csrfmiddlewaretoken": token})
    assert answer.content == b"saved a"
    answer = await client.post("/save/", {"text": "b"}, headers={"x-csrftoken": token})
    assert answer.content == b"saved b"


async def test_an_exempt_view_needs_no_token(client: AsyncClient) -> None:
    assert (await client.post("/open/", {"text": "a"})).content == b"saved a"


async def test_every_answer_carries_the_policies(client: AsyncClient) -> None:
    answer = await client.get("/language/")
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


async def test_a_foreign_host_name_is_refused(client: AsyncClient) -> None:
    assert (await client.get("/language/", headers={"host": "evil.example"})).status_code == 400


@override_settings(ROOT_URLCONF="playground.urls")
def test_the_same_middleware_serves_synchronous_requests(client: AsyncClient) -> None:
    from django.test import Client

    alice = person_make("alice")
    browser = Client()
    assert browser.login(username=alice.username, password=PASSWORD)
    assert browser.get("/accounts/login/").status_code == 302
