"""What tests of conversations start from."""

import pytest

from team.models import User
from tests.desk import Desk, desk_make


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at her own, empty conversation."""
    return desk_make(alice)
