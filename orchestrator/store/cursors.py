"""Where a page of conversations ended, as an opaque word that the next page is asked with."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from orchestrator.errors import BadSetting

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cursor:
    """The last conversation of a page."""

    created_at: datetime
    id: str

    def __str__(self) -> str:
        word = f"{(self.created_at - _EPOCH) // _MICROSECOND}:{self.id}"
        return base64.urlsafe_b64encode(word.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, word: str) -> Cursor:
        """Raises BadSetting where it is no cursor that was given out."""
        try:
            text = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True).decode(
                "ascii"
            )
            microseconds, conversation_id = text.split(":", 1)
            return cls(_EPOCH + int(microseconds) * _MICROSECOND, conversation_id)
        except (binascii.Error, ValueError, OverflowError) as error:
            raise BadSetting(
                "cursor: use the next_cursor of the page before, as it was given", field="cursor"
            ) from error
