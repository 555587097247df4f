"""What a database's error means, in words that say what to do."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError

FAULTS = (SQLAlchemyError, OSError, TimeoutError, UnicodeError)
"""What reading and writing may raise when the database is at fault."""

_MEANINGS = (
    ("locked", "another process keeps it locked"),
    ("disk is full", "its disk is full; free some space"),
    ("no space left", "its disk is full; free some space"),
    ("readonly", "it may not be written; check the rights of its file and folder"),
    ("unable to open", "its file cannot be opened; check the rights of its folder"),
    ("not a database", "its file is no SQLite database; move it away or set BEAUTYAI_DATA_DIR"),
    ("disk i/o error", "its disk fails, or is full"),
    ("malformed", "its file is damaged; restore it from a backup"),
    ("password authentication failed", "it refuses the password in BEAUTYAI_DATABASE_URL"),
    ("does not exist", "what BEAUTYAI_DATABASE_URL names is not there; create it first"),
    ("connection", "its server cannot be reached; check that it runs and BEAUTYAI_DATABASE_URL"),
)


def explained(error: BaseException) -> str:
    """One line: what is wrong with the database, and the driver's own first line."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    meaning = next((meaning for sign, meaning in _MEANINGS if sign in said.lower()), None)
    return f"{meaning} ({said})" if meaning else said


def is_of_content(error: BaseException | None) -> bool:
    """Whether what was written is at fault, and no other try can help."""
    is_refused = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    return is_refused or isinstance(error, (DataError, UnicodeError))
