"""What the tests of this folder share is in `tests/chromium.py`."""

from tests.chromium import FLAGS

__all__ = ["FLAGS"]
