"""The tree of errors, by whose fault it is, and the one table to wire codes, close codes and HTTP statuses.

A client reads `code` (stable) and `retryable`; the message says what was wrong and what to do.
"""

from __future__ import annotations

from typing import Literal, get_args

RefusalReason = Literal[
    "host", "origin", "key_in_url", "no_key", "unknown_key", "scope", "requests", "sessions", "audio"
]
REFUSAL_REASONS: tuple[RefusalReason, ...] = get_args(RefusalReason)


class VoiceError(Exception):
    """Anything this service raises on purpose. `field` is the part of the request at fault, where there is one."""

    code = "internal"
    retryable = False
    close_code = 1011
    status = 500

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field

    @property
    def headers(self) -> dict[str, str]:
        """What an HTTP answer says beside the problem."""
        return {"Retry-After": "2"} if self.status == 503 else {}


class ClientError(VoiceError):
    """The peer sent something that cannot be served; the session goes on."""

    code = "bad_message"
    close_code = 1008
    status = 400


class BadJson(ClientError):
    code = "bad_json"


class UnknownType(ClientError):
    code = "unknown_type"


class BadAudio(ClientError):
    code = "bad_audio"


class AudioTooLong(ClientError):
    """A recording that is longer than this service takes in one request."""

    code = "audio_too_long"
    status = 413


class NothingSaid(ClientError):
    """A recording in which nobody says anything, where words are needed."""

    code = "nothing_said"
    status = 422


class BadSetting(ClientError):
    code = "bad_setting"
    status = 422


class UnsupportedParameter(ClientError):
    """A parameter that the loaded model or engine cannot do; `field` names it."""

    code = "unsupported_parameter"
    status = 422


class UnknownModel(ClientError):
    """No model of this name is in the registry."""

    code = "unknown_model"
    status = 404


class NotFound(ClientError):
    """There is no such thing, or it is somebody else's."""

    code = "not_found"
    status = 404


class Conflict(ClientError):
    """There is one of that name already."""

    code = "conflict"
    status = 409


class UnknownBackup(ClientError):
    """There is no earlier version of this name."""

    code = "unknown_backup"
    status = 404


class ModelConflict(ClientError):
    """What is asked of a model cannot be done as things stand: it is in use, or there already."""

    code = "model_conflict"
    status = 409


class ModelIncompatible(ClientError):
    """A model cannot be loaded on this machine; the message lists every reason."""

    code = "model_incompatible"
    status = 422


class SlowClient(ClientError):
    """The peer stopped reading: its queue is full or a write took too long."""

    code = "slow_client"
    close_code = 1013


class StoreError(VoiceError):
    """The database."""

    code = "store_failed"


class StoreUnusable(StoreError):
    """The database cannot be opened as it is; the process does not start."""

    code = "store_unusable"


class StoreUnavailable(StoreError):
    """The database does not answer now."""

    code = "store_unavailable"
    retryable = True
    status = 503


class NotStored(StoreUnavailable):
    """The database did not take it. What was said or heard is kept in memory and tried again."""

    code = "not_stored"


class BrokenFile(VoiceError):
    """A file that people may edit cannot be read; the message says where and why, and it is left as it is."""

    code = "broken_file"


class InferenceError(VoiceError):
    """A model could not answer; the user's words are kept and the turn can be said again."""

    code = "inference_failed"
    retryable = True
    status = 502


class InferenceRefused(InferenceError):
    """A model said that the request itself is wrong (for example an unknown voice)."""

    code = "inference_refused"
    retryable = False
    status = 422


class InferenceTimeout(InferenceError):
    """A model did not answer within its deadline."""

    code = "inference_timeout"
    status = 504


class InferenceOverloaded(InferenceError):
    """A model's queue is full."""

    code = "overloaded"
    status = 503


class BackendLost(InferenceError):
    """Triton, or one model in it, is gone; it is being restarted."""

    code = "backend_lost"
    status = 503


class AccessError(ClientError):
    """The caller may not do this. `reason` is what `/metrics` counts it by."""

    code = "forbidden"
    status = 403
    reason: RefusalReason = "scope"

    def __init__(self, message: str, reason: RefusalReason | None = None) -> None:
        super().__init__(message)
        self.reason = reason or type(self).reason


class Unauthorized(AccessError):
    """Nobody is known by what the caller shows, or it shows nothing."""

    code = "unauthorized"
    status = 401
    reason = "no_key"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="beautyai"'}


class Forbidden(AccessError):
    """The caller is known, or need not be, and may not do this: its scopes lack it, or its page is another's."""


class KeyInUrl(AccessError):
    """A key stands in a URL, where logs and histories keep it."""

    code = "key_in_url"
    status = 400
    reason = "key_in_url"


class UnknownHost(AccessError):
    """The request was meant for a name that is not this server's."""

    code = "unknown_host"
    status = 421
    reason = "host"


class LimitReached(AccessError):
    """The caller has used what its key allows; it may come again after `retry_after_seconds`."""

    code = "limit_reached"
    status = 429
    retryable = True
    close_code = 1013
    reason = "requests"

    def __init__(self, message: str, reason: RefusalReason, retry_after_seconds: int) -> None:
        super().__init__(message, reason)
        self.retry_after_seconds = max(1, retry_after_seconds)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_seconds)}


class IdentityUnavailable(VoiceError):
    """The identity provider's public keys cannot be had, so that no token can be checked now."""

    code = "identity_unavailable"
    retryable = True
    status = 503


class ModelUnloaded(InferenceError):
    """An administrator has taken the model out of service, or another one is being loaded in its place."""

    code = "model_unloaded"
    retryable = False
    status = 409


class ModelLoadFailed(InferenceError):
    """Triton could not load a model; what was served before is served again."""

    code = "model_load_failed"
    retryable = False
    status = 502


def first_cause(error: Exception) -> Exception:
    """The fault itself: a task group wraps it, also where it is the only one."""
    while causes := getattr(error, "exceptions", ()):
        error = causes[0]
    return error
