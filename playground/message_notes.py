"""What the catalog says about the parts of messages that are to be sent: said beside the composer."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from conversations.selectors.request_bytes import image_urls
from upstream.catalog import Api


def message_notes(api: Api, model: str, messages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return sentences about API-shaped messages that this API and model may not take as they are."""
    notes = []
    urls = image_urls(messages)
    if urls and api.images is not None and api.images.base64_only_for(model):
        notes.append(
            ngettext(
                "%(model)s takes images as base64 only: the image at %(count)d address is fetched and sent as base64.",
                "%(model)s takes images as base64 only: the images at %(count)d addresses are fetched and sent as base64.",
                len(urls),
            )
            % {"model": model, "count": len(urls)}
        )
    unknown = sorted({str(part["type"]) for part in _parts(messages)} - set(_kinds(api)))
    if unknown:
        notes.append(
            _("%(api)s documents no parts of type %(types)s. They are sent all the same.")
            % {"api": api.names.in_language(get_language()), "types": ", ".join(unknown)}
        )
    roles = sorted({str(message.get("role")) for message in messages} - set(api.message_roles))
    if roles and api.message_roles:
        notes.append(
            _("%(api)s documents no role %(roles)s. It is sent all the same.")
            % {"api": api.names.in_language(get_language()), "roles": ", ".join(roles)}
        )
    return tuple(notes)


def part_kinds(api: Api) -> tuple[str, ...]:
    """Return the types of content parts that an API documents."""
    field = next((each for each in api.request_fields if each.path == "messages.content.type"), None)
    return field.enum if field else ("text",)


def _kinds(api: Api) -> tuple[str, ...]:
    return ("text", *part_kinds(api))


def _parts(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    contents = (message.get("content") for message in messages)
    parts = (part for content in contents if isinstance(content, list) for part in content)
    return [part for part in parts if isinstance(part, Mapping) and "type" in part]
