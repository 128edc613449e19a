"""What is found out about an answer once it has ended, before it is kept: its voice and images, what it did not honour."""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from conversations.answer_media import has_media
from conversations.answers import media_of_response
from conversations.models import Exchange
from conversations.services import Ending
from playground.honoured import findings

logger = logging.getLogger(__name__)

AT_ONCE: Final = 64 * 1024
"""Bytes of a request that are read in place; reading more of them would keep other answers waiting."""


async def afterwards(ending: Ending, body: bytes) -> Ending:
    """Return an ending with what the response to this request body brought besides text. Raises nothing."""
    try:
        if len(body) <= AT_ONCE and not has_media(ending.response):
            return _known(ending, body)
        return await asyncio.to_thread(_known, ending, body)
    except Exception:
        # A defect of ours must not leave a run without its ending.
        logger.exception("What came with exchange %s could not be read", ending.exchange_id)
        return ending


def _known(ending: Ending, body: bytes) -> Ending:
    completed = ending.state == Exchange.State.COMPLETED
    return replace(
        ending,
        media=media_of_response(ending.response),
        findings=findings(body, ending.response) if completed else (),
    )
