"""Where a browser is led that opens the address of a fragment: to the page that shows it.

The page's own code fetches fragments; it says `HX-Request`, and asks for anything. A browser that goes to an address asks
for `text/html` by name.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from conversations import selectors
from conversations.models import Exchange, Message
from team.models import User

Ids = dict[str, Any]
"""What the address of a fragment names."""


def page_of_fragment(request: HttpRequest, user: User) -> str | None:
    """Return the address of the page for a browser that opened a fragment.

    None: it is no fragment, no browser opened it, or what it belongs to is not there for this person; the view answers.
    """
    match = request.resolver_match
    lead = _PAGES.get(match.url_name or "") if match else None
    if match is None or lead is None or "text/html" not in request.headers.get("Accept", ""):
        return None
    try:
        return lead(user, match.kwargs)
    except (Exchange.DoesNotExist, Message.DoesNotExist):
        return None


def _workbench(dialog: str = "") -> Callable[[User, Ids], str]:
    query = {"open": dialog} if dialog else {}
    return lambda _user, _ids: _address(reverse("workbench"), query)


def _conversation(dialog: str = "") -> Callable[[User, Ids], str]:
    query = {"open": dialog} if dialog else {}
    return lambda _user, ids: _address(reverse("conversation", args=[ids["pk"]]), query)


def _column(_user: User, ids: Ids) -> str:
    return _address(reverse("conversation", args=[ids["pk"]]), {"column": ids["column"]})


def _message(name: str) -> Callable[[User, Ids], str]:
    return lambda _user, ids: reverse("message-show", args=[ids["pk"], ids[name]])


def _message_commented(user: User, ids: Ids) -> str:
    message = selectors.message_for(user=user, pk=ids["pk"])
    return reverse("message-show", args=[message.conversation_id, message.pk])


def _inspector(tab: str = "") -> Callable[[User, Ids], str]:
    def lead(user: User, ids: Ids) -> str:
        query = {"tab": ids.get("tab") or tab}
        if "number" in ids:
            query["event"] = ids["number"]
        return _inspected(user, ids["pk"], query)

    return lead


def _inspected(user: User, pk: UUID, query: dict[str, object]) -> str:
    exchange = selectors.exchange_state_for(user=user, pk=pk)
    page = reverse("conversation", args=[exchange.run.conversation_id])
    return _address(page, {"exchange": pk} | query)


def _address(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


_PAGES: Final[dict[str, Callable[[User, Ids], str]]] = {
    "conversation-list": _workbench(),
    "presets": _workbench("presets"),
    "preset": _workbench("presets"),
    "preset-create": _workbench("presets"),
    "preset-save": _workbench("presets"),
    "tool-mocks": _workbench("tool-mocks"),
    "conversation-keeping": _conversation(),
    "conversation-comments": _conversation(),
    "conversation-map": _conversation(),
    "tool-loop": _conversation(),
    "share-dialog": _conversation("share"),
    "preset-apply": _conversation("presets"),
    "column-choose": _column,
    "messages-earlier": _message("before"),
    "messages-after": _message("message"),
    "message-comments": _message_commented,
    "inspector-tab": _inspector(),
    "code": _inspector("code"),
    "exchange-event": _inspector("events"),
    "exchange-part": _inspector("request"),
    "exchange-diff": _inspector("request"),
    "exchange-rest": _inspector("response"),
    "tool-calls": _inspector("response"),
    "objection": _inspector("response"),
}
"""By the name of the fragment's route. `test_a_browser_that_opens_an_address_gets_a_whole_page` finds those that lack."""
