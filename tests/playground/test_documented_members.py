"""Every member that a reference documents inside a parameter or a message can be set, and is sent letter for letter."""

import json
from collections.abc import Iterator

import pytest

from conversations.models import Conversation
from conversations.selectors import message_for_api
from playground.message_input import raw_read
from playground.parameter_rows import parameter_groups
from tests.playground.test_forms import run_form, sent_body
from tests.upstream.catalog.members import holding
from upstream import catalog
from upstream.catalog import Api, Field
from upstream.wire.spelled import spelled_dumps

SAMPLES = {
    "null": "null",
    "boolean": "false",
    "integer": "12345678901234567890",
    "number": "0.70",
    "string": '"é \\"quoted\\" \\n"',
    "array": "[]",
    "object": "{}",
    "any": '{"a":[1.00]}',
}


PLAIN = {"role": '"user"', "content": '"Hi"'}


def types_of(api: Api) -> dict[str, tuple[str, ...]]:
    inside = (field for parameter in api.parameters for field in (parameter, *parameter.fields))
    return {field.path: field.types for field in (*inside, *api.request_fields)}


def members(paths: str) -> Iterator[tuple[str, str]]:
    """Yield API and path of what lies inside `messages`, or inside the other parameters."""
    for api in catalog.apis().values():
        for path in types_of(api):
            if "." in path and path.startswith("messages.") is (paths == "messages"):
                yield api.id, path


def texts_of(field: Field) -> Iterator[str]:
    yield from (SAMPLES[name] for name in field.types)
    yield from (json.dumps(choice) for choice in field.enum)
    yield from (str(bound) for bound in (field.minimum, field.maximum) if bound is not None)


def field_at(api: Api, path: str) -> Field:
    inside = (field for parameter in api.parameters for field in parameter.fields)
    return next(field for field in (*inside, *api.request_fields) if field.path == path)


@pytest.mark.parametrize(("api_id", "path"), list(members("parameters")))
def test_a_member_of_a_parameter_is_shown_and_sent_as_typed(api_id: str, path: str) -> None:
    api = catalog.api(api_id)
    name = path.partition(".")[0]
    for text in texts_of(field_at(api, path)):
        source = holding(path, types_of(api), text)
        assert sent_body(run_form({name: source}, api=api_id)).endswith(f',"{name}":{source}}}')
        (row,) = parameter_groups(api=api, parameters={name: source}).sent
        assert row.source == source


@pytest.mark.parametrize(("api_id", "path"), list(members("messages")))
def test_a_member_of_a_message_is_sent_as_typed(api_id: str, path: str) -> None:
    api = catalog.api(api_id)
    field = field_at(api, path)
    # A role is one word, so it is one of the documented ones here.
    for text in texts_of(field) if field.name != "role" else map(json.dumps, field.enum):
        source = holding(path, types_of(api), text)[1:-1]
        missing = [name for name in ("role", "content") if name not in json.loads(source)]
        rest = "".join(f'"{name}":{PLAIN[name]},' for name in missing)
        source = source.replace("{", "{" + rest, 1)

        written = raw_read(source).message(conversation=Conversation(), parent_id=None, author=None)

        sent = message_for_api(written)
        assert sent is not None
        assert {name: sent[name] for name in json.loads(source)} == json.loads(source)
        assert text in map(spelled_dumps, _values(sent))


def _values(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, dict):
        for each in value.values():
            yield from _values(each)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each)
