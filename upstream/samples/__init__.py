"""Code samples: the exact request of an exchange, as code that sends it again with the key from the environment."""

from upstream.samples.curl import curl
from upstream.samples.request import SampleRequest, sample_request

__all__ = ["SampleRequest", "curl", "sample_request"]
