"""Times of the server as a person reads them: in this machine's time zone, to the second."""

from __future__ import annotations

from datetime import datetime, timezone


def when(moment: str | float | None) -> str:
    """ISO 8601 or seconds since 1970 -> `2026-11-30 22:41:56`; what is neither stays as it is."""
    if moment is None:
        return "-"
    try:
        return f"{_local(moment):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return str(moment)


def _local(moment: str | float) -> datetime:
    if isinstance(moment, str):
        # Python 3.10 knows no `Z`.
        return datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone()
    return datetime.fromtimestamp(moment, timezone.utc).astimezone()
