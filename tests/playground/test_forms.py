"""What the workbench posts becomes exactly what is sent, or a clear sentence; never an exception."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.forms import MESSAGE_MAX, PARAMETERS_MAX, RunForm, SettingsForm
from team.models import Provider
from upstream import catalog
from upstream.catalog import Parameter
from upstream.wire.request import Draft, Endpoint, request_build

PROVIDERS = {api: Provider(name=api, api=api) for api in catalog.API_IDS}
ENDPOINT = Endpoint(base_url="https://provider.example/v1", auth="none")


def run_form(parameters: Mapping[str, str] | str = "", *, api: str = "generic", **fields: str) -> RunForm:
    text = parameters if isinstance(parameters, str) else json.dumps(parameters)
    posted = {
        "message": "Hi",
        "provider": str(PROVIDERS[api].pk),
        "model": "m",
        "system": "",
        "parameters": text,
    }
    return RunForm(posted | fields, providers=PROVIDERS.values())


def sent_body(form: RunForm) -> str:
    """Return the body that a valid form leads to, as text."""
    assert form.is_valid(), form.errors
    wanted = form.run_input()
    messages = ({"role": "user", "content": wanted.message},)
    draft = Draft(ENDPOINT, wanted.api.path, wanted.model, messages, wanted.parameters)
    return request_build(draft).body.decode()


def values() -> Iterator[tuple[str, str, str]]:
    """For every parameter of every API: API, name, and JSON source texts a person may want to send."""
    for api in catalog.apis().values():
        for each in api.parameters:
            for source in dict.fromkeys(
                [*sources_of(each), "null", "0.70", '"text"', '{"any": ["thing", 1e-7]}']
            ):
                yield api.id, each.name, source


def sources_of(parameter: Parameter) -> Iterator[str]:
    yield from filter(None, (parameter.default, parameter.example))
    yield from (json.dumps(choice) for choice in parameter.enum)
    yield from (str(bound) for bound in (parameter.minimum, parameter.maximum) if bound is not None)


@pytest.mark.parametrize(("api", "name", "source"), list(values()))
def test_every_parameter_is_sent_as_typed(api: str, name: str, source: str) -> None:
    """Out of range, an unknown choice or another type is no reason not to send it."""
    body = sent_body(run_form({name: source}, api=api))

    assert body.endswith(f',"{name}":{source.strip()}}}')


def test_parameters_keep_their_order() -> None:
    body = sent_body(run_form({"top_p": "1.0", "stream": "true", "temperature": "0.70"}))

    assert body.endswith('"top_p":1.0,"stream":true,"temperature":0.70}')


def test_what_is_left_blank_is_not_sent() -> None:
    form = run_form({"temperature": "", "stop": "  ", "seed": "7"})

    assert form.is_valid()
    assert form.cleaned_data["parameters"] == {"seed": "7"}


def test_null_is_not_unset() -> None:
    assert sent_body(run_form({"stop": "null"})).endswith('"stop":null}')


def test_the_extra_object_is_taken_apart_and_keeps_its_literals() -> None:
    form = run_form({"seed": "7", "": '{ "x": 1.50, "__proto__": {"a": [1e2]} }'})

    assert sent_body(form).endswith('"seed":7,"x":1.50,"__proto__":{"a": [1e2]}}')


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ("{oops", "This is not valid JSON."),
        ("[1]", "One JSON object is needed here, such as {“top_k”: 40}."),
        ('{"x": 1, "x": 2}', "x is there twice."),
        ('{"temperature": 1}', "temperature has a row of its own: set it there."),
        ('{"": 1}', "A parameter needs a name that can be sent."),
        ('{"\\u0000": 1}', "A parameter needs a name that can be sent."),
        ('{"\\ud800": 1}', "A parameter needs a name that can be sent."),
        ('{"x": NaN}', "This is not valid JSON."),
    ],
)
def test_an_extra_object_that_cannot_be_sent_says_why(extra: str, reason: str) -> None:
    form = run_form({"": extra})

    assert not form.is_valid()
    assert form.parameter_errors == {"": reason}
    assert form.errors["parameters"] == [f"Extra: {reason}"]


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("seed", "seven", "A whole number is needed here, such as 7."),
        ("temperature", "0,7", "A number is needed here, such as 0.7."),
        ("temperature", "NaN", "A number is needed here, such as 0.7."),
        ("temperature", ".5", "A number is needed here, such as 0.7."),
        ("stop", "END", "This is not valid JSON."),
        ("tools", "[" * 300 + "]" * 300, "This is nested more than 200 levels deep."),
        ("tools", "[" * 100_000, "This is nested more than 200 levels deep."),
        ("anything", "1 2", "This is not valid JSON."),
    ],
)
def test_text_that_is_no_json_is_an_error_at_its_parameter(name: str, source: str, reason: str) -> None:
    form = run_form({"top_p": "1", name: source})

    assert not form.is_valid()
    assert form.parameter_errors == {name: reason}
    assert form.errors["parameters"] == [f"{name}: {reason}"]


@pytest.mark.parametrize(
    "text",
    [
        "oops",
        "[]",
        "null",
        "7",
        '{"seed": 7}',
        '{"seed": null}',
        '{"seed": "7", "seed": "8"}',
        '{"seed": {"a": "b"}}',
        '{"\\ud800": "1"}',
        '{"a\\u0000": "1"}',
        '{"seed": NaN}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_a_hidden_field_that_no_page_made_is_refused(text: str) -> None:
    form = run_form(text)

    assert not form.is_valid()
    assert form.errors["parameters"] == ["The parameters could not be read. Reload the page and try again."]


def test_five_megabytes_of_parameters_are_refused_by_their_length() -> None:
    form = run_form({"user": '"' + "x" * 5_000_000 + '"'})

    assert not form.is_valid()
    assert form.errors["parameters"] == ["This is longer than 1048576 characters."]


def test_too_many_names_are_refused() -> None:
    form = run_form({f"p{number}": "1" for number in range(PARAMETERS_MAX + 1)})

    assert not form.is_valid()
    assert form.errors["parameters"] == [f"These are more than {PARAMETERS_MAX} parameters."]


def test_names_that_javascript_fears_are_plain_data() -> None:
    names = ("__proto__", "constructor", "toString", "hasOwnProperty")

    form = run_form(dict.fromkeys(names, "1"))

    assert form.is_valid()
    assert tuple(form.cleaned_data["parameters"]) == names


HOSTILE = st.one_of(
    st.text(),
    st.dictionaries(st.text(), st.text()).map(json.dumps),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=30,
    ).map(json.dumps),
    st.dictionaries(st.sampled_from(["", "temperature", "stop", "tools", "__proto__"]), st.text()).map(
        json.dumps
    ),
)


@given(text=HOSTILE, api=st.sampled_from(catalog.API_IDS))
def test_any_parameters_are_sent_or_refused_with_a_sentence(text: str, api: str) -> None:
    form = run_form(text, api=api)

    if form.is_valid():
        for name, source in form.cleaned_data["parameters"].items():
            assert f"{json.dumps(name, ensure_ascii=False)}:{source.strip()}" in sent_body(form)
    else:
        assert all(message for messages in form.errors.values() for message in messages)


@given(text=HOSTILE)
def test_settings_are_kept_whatever_the_values_are(text: str) -> None:
    form = SettingsForm({"parameters": text}, providers=[])

    if form.is_valid():
        json.dumps(form.settings())


# ---------------------------------------------------------------------------- message, provider, model, system


def errors(**fields: str) -> dict[str, Any]:
    form = run_form(**fields)
    form.is_valid()
    return dict(form.errors)


@pytest.mark.parametrize("message", ["", " ", "\r\n\t "])
def test_an_empty_message_is_refused(message: str) -> None:
    assert errors(message=message) == {"message": ["Write a message first."]}


def test_a_run_may_go_on_without_a_message() -> None:
    posted = {"provider": str(PROVIDERS["generic"].pk), "model": "m"}

    assert RunForm(posted, providers=PROVIDERS.values(), message_required=False).is_valid()


def test_a_message_is_sent_as_typed() -> None:
    form = run_form(message="  two\r\nlines \u2028\r\n\r\n")

    assert form.is_valid()
    assert form.run_input().message == "  two\nlines \u2028\n\n"


@pytest.mark.parametrize("length", [200_000, MESSAGE_MAX])
def test_a_long_message_is_fine(length: int) -> None:
    form = run_form(message="字" * length)

    assert form.is_valid()
    assert len(form.run_input().message) == length


def test_a_message_beyond_the_limit_says_so() -> None:
    said = "This message has 1000001 characters; at most 1000000 can be sent."

    assert errors(message="x" * (MESSAGE_MAX + 1)) == {"message": [said]}


def test_no_provider_is_an_error() -> None:
    assert errors(provider="") == {"provider": ["Choose a provider."]}


@pytest.mark.parametrize("provider", ["nonsense", "00000000-0000-0000-0000-000000000000", "' OR 1=1 --"])
def test_a_provider_of_nobody_is_an_error(provider: str) -> None:
    said = "This provider is not there any more. Choose another one."

    assert errors(provider=provider) == {"provider": [said]}


@pytest.mark.parametrize("model", ["", "  "])
def test_no_model_is_an_error(model: str) -> None:
    assert errors(model=model) == {"model": ["Choose a model."]}


@pytest.mark.parametrize("field", ["message", "model", "system"])
def test_a_null_character_is_an_error_at_its_field(field: str) -> None:
    assert list(errors(**{field: "a\x00b"})) == [field]


def test_everything_wrong_is_said_at_once() -> None:
    form = RunForm({"parameters": json.dumps({"seed": "x"})}, providers=[])

    assert not form.is_valid()
    assert list(form.errors) == ["provider", "model", "parameters", "message"]


def test_settings_keep_what_cannot_be_sent() -> None:
    provider = PROVIDERS["openai-chat"]
    parameters = {"seed": "seven", "": "{oops"}
    posted = {"provider": str(provider.pk), "model": "", "parameters": json.dumps(parameters)}

    form = SettingsForm(posted, providers=[provider])

    assert form.is_valid()
    assert form.settings() == {
        "provider": str(provider.pk),
        "model": "",
        "system": "",
        "parameters": parameters,
    }


def test_settings_of_nothing_are_the_generic_ones() -> None:
    form = SettingsForm({}, providers=[])

    assert form.is_valid()
    assert form.api is catalog.api("generic")
    assert form.settings() == {"provider": "", "model": "", "system": "", "parameters": {}}
