"""The row "Extra": one JSON object with the parameters that the catalog does not know.

While it is edited its text travels under the name EXTRA beside the other parameters; `extra_members` takes it apart
again. A text that cannot be taken apart stays under that name, so that nothing typed is lost.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _

from playground.parameter_notes import Note, error_sentence
from upstream.catalog import Api, json_text
from upstream.catalog.json_text import InvalidJsonText

EXTRA: Final = ""  # no parameter can have this name
PARTS_OF_CONVERSATION: Final = ("model", "messages")


class InvalidExtra(ValueError):
    """The text is not an object of parameters; the message says why, in the person's language."""


def extra_members(api: Api, text: str) -> dict[str, str]:
    """Return the parameters of the object as name → source text. Raises InvalidExtra."""
    try:
        pairs = json_text.members(text)
    except InvalidJsonText as error:
        raise InvalidExtra(error_sentence(error.code)) from error
    except TypeError as error:
        raise InvalidExtra(_("One JSON object is needed here, such as {“top_k”: 40}.")) from error
    members: dict[str, str] = {}
    for name, source in pairs:
        if not is_name(name):
            raise InvalidExtra(_("A parameter needs a name that can be sent."))
        if name in members:
            raise InvalidExtra(_("%(name)s is there twice.") % {"name": name})
        if api.parameter(name):
            raise InvalidExtra(_("%(name)s has a row of its own: set it there.") % {"name": name})
        members[name] = source
    return members


def extra_text(api: Api, parameters: Mapping[str, str]) -> str:
    """Return the text of the object: as typed where it cannot be taken apart, else one line per parameter."""
    if EXTRA in parameters:
        return parameters[EXTRA]
    unknown = [(name, source) for name, source in parameters.items() if not api.parameter(name)]
    if not unknown:
        return ""
    return "{\n" + ",\n".join(f"  {json_text.quoted(name)}: {source}" for name, source in unknown) + "\n}"


def extra_notes(api: Api, text: str) -> tuple[Note, ...]:
    """Return what to say about the text of the object."""
    if not text.strip():
        return ()
    try:
        members = extra_members(api, text)
    except InvalidExtra as error:
        return (Note("bad", str(error)),)
    replaced = [name for name in PARTS_OF_CONVERSATION if name in members]
    sentence = _("%(name)s here takes the place of the one the page would send.")
    return tuple(Note("warn", sentence % {"name": name}) for name in replaced)


def is_name(name: str) -> bool:
    """Whether a parameter may be called this: not empty, and text that UTF-8 and every database can hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name != EXTRA and "\x00" not in name
