"""Code samples: the exact request of an exchange, as code that sends it again with the key from the environment."""

from upstream.samples.curl import curl
from upstream.samples.languages import LANGUAGES, Language, languages_for
from upstream.samples.openai_sdk import loses_digits
from upstream.samples.request import BODY_FILE, SampleRequest, sample_request

__all__ = [
    "BODY_FILE",
    "LANGUAGES",
    "Language",
    "SampleRequest",
    "curl",
    "languages_for",
    "loses_digits",
    "sample_request",
]
