"""Ways to begin: each example teaches one parameter."""

import json
from typing import Final

from django.utils.translation import gettext as _

from playground.view_models import Example
from upstream import catalog

_PERSON: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "person",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "age": {"type": "integer"},
                "city": {"type": "string"},
            },
            "required": ["name", "age", "city"],
            "additionalProperties": False,
        },
    },
}


def examples_for(api_id: str) -> tuple[Example, ...]:
    """Return the examples whose parameter the API documents, in the person's language."""
    api = catalog.api(api_id)
    stream = dict(api.initial)
    offered = (
        (
            "response_format",
            _("Try structured output"),
            _("Read the name, the age and the city out of this: Maria is 31 and lives in Lisbon."),
            {"response_format": json.dumps(_PERSON), "temperature": "0"},
        ),
        (
            "logprobs",
            _("See token probabilities"),
            _("Name the capital of France in one word."),
            {"logprobs": "true", "top_logprobs": "5", "max_tokens": "24"},
        ),
        (
            "temperature",
            _("Name a paint colour"),
            _("Suggest three names for a deep green wall paint, one per line."),
            {"temperature": "1.2"},
        ),
        (
            "stop",
            _("End at a mark"),
            _("Count from one to ten in words, separated by commas."),
            {"stop": '["four"]'},
        ),
        (
            "seed",
            _("Get the same answer twice"),
            _("Tell me a story about a lighthouse in two sentences."),
            {"seed": "7", "temperature": "0.8"},
        ),
        (
            "max_tokens",
            _("Keep it short"),
            _("Explain what a token is."),
            {"max_tokens": "40"},
        ),
    )
    known = [
        Example(title=title, text=text, sets=name, parameters=json.dumps({**stream, **sets}))
        for name, title, text, sets in offered
        if api.parameter(name)
    ]
    return tuple(known[:4])
