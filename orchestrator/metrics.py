"""Every Prometheus metric, and the only place that knows their names and labels.

Callers say what happened; labels come from closed sets, so the number of series does not grow with use.
"""

from __future__ import annotations

import asyncio
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from orchestrator import admission
from orchestrator.errors import REFUSAL_REASONS, InferenceError, RefusalReason, VoiceError
from orchestrator.protocol import Reason

MODELS = (
    "vad",
    "end_of_turn",
    "whisper",
    "tensorrt_llm",
    "tts",
    "preprocessing",
    "postprocessing",
    "reply",
)
_LEGS = (
    "first_partial",
    "partial_decode",
    "final_transcript",
    "first_token",
    "first_audio",
    "voice_to_voice",
)

_LEG_SECONDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_INFERENCE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts for one process, in a registry of its own.

    models: the names that `inference_ended`, `canary_failed` and `model_repaired` may be called with.
    """

    def __init__(self, models: tuple[str, ...] = MODELS) -> None:
        self._registry = CollectorRegistry()
        self._sessions()
        self._turns()
        self._traffic()
        self._inference(models)

    def session_opened(self) -> None:
        self._sessions_total.inc()
        self._sessions_open.inc()

    def session_closed(self) -> None:
        self._sessions_open.dec()

    def session_refused(self, reason: admission.Reason) -> None:
        """A newcomer was answered 503."""
        self._refused.labels(reason).inc()

    def access_refused(self, reason: RefusalReason) -> None:
        """A caller was told that it may not."""
        self._access_refused.labels(reason).inc()

    def turn_finished(self, reason: Reason) -> None:
        self._turns_total.labels(reason).inc()

    def reply_prepared(self, *, hit: bool, wasted_tokens: int = 0) -> None:
        """A reply that was made ready in a pause was used, or dropped with what had been written of it."""
        self._prepared_total.labels("hit" if hit else "miss").inc()
        self._wasted_tokens.inc(wasted_tokens)

    def first_partial(self, seconds: float) -> None:
        """Start of speech to the first partial transcript."""
        self._leg_seconds.labels("first_partial").observe(seconds)

    def partial_decoded(self, seconds: float) -> None:
        """One decode of a partial transcript."""
        self._leg_seconds.labels("partial_decode").observe(seconds)

    def final_transcript(self, seconds: float) -> None:
        """End of the turn to the final transcript."""
        self._leg_seconds.labels("final_transcript").observe(seconds)

    def first_token(self, seconds: float) -> None:
        """Final transcript to the first token."""
        self._leg_seconds.labels("first_token").observe(seconds)

    def first_audio(self, seconds: float) -> None:
        """First token to the first reply audio."""
        self._leg_seconds.labels("first_audio").observe(seconds)

    def voice_to_voice(self, seconds: float) -> None:
        """Last voiced sample to the first reply audio sent."""
        self._leg_seconds.labels("voice_to_voice").observe(seconds)

    def interrupted(self) -> None:
        self._interruptions.inc()

    def tokens_generated(self, count: int) -> None:
        self._tokens.inc(count)

    def audio_received(self, seconds: float) -> None:
        self._audio_in.inc(seconds)

    def audio_sent(self, seconds: float) -> None:
        self._audio_out.inc(seconds)

    def client_error(self, code: str) -> None:
        """An error sent to a client; `code` of one of `errors`, any other counts as `internal`."""
        self._client_errors.labels(code if code in _ERROR_CODES else VoiceError.code).inc()

    def outbox_overflowed(self) -> None:
        """A client did not read what waited for it."""
        self._overflows.inc()

    def inference_ended(self, model: str, seconds: float, error: InferenceError | None) -> None:
        """One call of a model; as an observer of `TritonInference`. Only answered calls have a duration."""
        if model not in self._models:
            return
        if error is None:
            self._inference_seconds.labels(model).observe(seconds)
        else:
            self._inference_errors.labels(model, error.code).inc()

    def canary_failed(self, model: str) -> None:
        self._canary_failures.labels(model).inc()

    def model_repaired(self, model: str) -> None:
        self._repairs.labels(model).inc()

    def render(self) -> tuple[bytes, str]:
        """The body of `/metrics`, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _sessions(self) -> None:
        self._sessions_open = Gauge("beautyai_sessions_open", "Sessions open now", registry=self._registry)
        self._sessions_total = self._counter("sessions", "Sessions opened")
        tasks = Gauge("beautyai_tasks", "Tasks of the event loop", registry=self._registry)
        tasks.set_function(_running_tasks)
        self._refused = self._counter("sessions_refused", "Newcomers refused with 503", "reason")
        _preset(self._refused, admission.REASONS)
        self._access_refused = self._counter(
            "access_refused", "Callers who were told that they may not", "reason"
        )
        _preset(self._access_refused, REFUSAL_REASONS)

    def _turns(self) -> None:
        self._turns_total = self._counter("turns", "Turns by how they ended", "outcome")
        _preset(self._turns_total, get_args(Reason))
        self._leg_seconds = self._histogram("turn_leg_seconds", "Legs of a turn", _LEG_SECONDS, "leg")
        _preset(self._leg_seconds, _LEGS)
        self._interruptions = self._counter("interruptions", "Replies stopped by the user")
        self._tokens = self._counter("tokens", "Tokens generated")
        self._prepared_total = self._counter(
            "prepared_replies", "Replies made ready in a pause, by what became of them", "outcome"
        )
        _preset(self._prepared_total, ("hit", "miss"))
        self._wasted_tokens = self._counter("wasted_tokens", "Tokens of prepared replies that were dropped")

    def _traffic(self) -> None:
        self._audio_in = self._counter("audio_in_seconds", "Audio received")
        self._audio_out = self._counter("audio_out_seconds", "Audio sent")
        self._client_errors = self._counter("client_errors", "Errors sent to clients", "code")
        _preset(self._client_errors, _ERROR_CODES)
        self._overflows = self._counter("outbox_overflows", "Clients that stopped reading")

    def _inference(self, models: tuple[str, ...]) -> None:
        self._models = frozenset(models)
        self._inference_seconds = self._histogram(
            "inference_seconds", "Calls that a model answered", _INFERENCE_SECONDS, "model"
        )
        _preset(self._inference_seconds, models)
        self._inference_errors = self._counter("inference_errors", "Calls that failed", "model", "code")
        for code in _codes(InferenceError):
            for model in models:
                self._inference_errors.labels(model, code)
        self._canary_failures = self._counter("canary_failures", "Canaries that failed", "model")
        _preset(self._canary_failures, models)
        self._repairs = self._counter("model_repairs", "Models loaded anew", "model")
        _preset(self._repairs, models)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"beautyai_{name}", help_text, labels, registry=self._registry)

    def _histogram(self, name: str, help_text: str, buckets: tuple[float, ...], label: str) -> Histogram:
        return Histogram(f"beautyai_{name}", help_text, [label], registry=self._registry, buckets=buckets)


def _running_tasks() -> int:
    """0 outside an event loop."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0


def _preset(metric: Counter | Histogram, values: tuple[str, ...]) -> None:
    # A series that appears with its first event has no rate for that event.
    for value in values:
        metric.labels(value)


def _codes(kind: type[VoiceError]) -> tuple[str, ...]:
    return (kind.code, *(code for child in kind.__subclasses__() for code in _codes(child)))


_ERROR_CODES = _codes(VoiceError)
