"""How a request reaches a provider: the only place that opens connections."""

from upstream.client.client import UpstreamClient
from upstream.client.download import download
from upstream.client.response import Timeouts, Timing, UpstreamResponse

__all__ = ["Timeouts", "Timing", "UpstreamClient", "UpstreamResponse", "download"]
