from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.errors import BackendLost
from orchestrator.metrics import Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    body, _ = metrics.render()
    return {
        sample.name + "".join(f",{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_a_closed_session_is_no_longer_open_but_still_counted() -> None:
    metrics = Metrics()
    metrics.session_opened()
    metrics.session_opened()
    metrics.session_closed()
    assert samples(metrics)["beautyai_sessions_open"] == 1
    assert samples(metrics)["beautyai_sessions_total"] == 2


def test_events_reach_their_series() -> None:
    metrics = Metrics()
    metrics.session_refused("full")
    metrics.turn_finished("interrupted")
    metrics.voice_to_voice(0.42)
    metrics.client_error("bad_audio")
    metrics.tokens_generated(7)
    metrics.audio_sent(1.5)
    metrics.outbox_overflowed()
    metrics.interrupted()
    found = samples(metrics)
    assert found["beautyai_sessions_refused_total,full"] == 1
    assert found["beautyai_turns_total,interrupted"] == 1
    assert found["beautyai_turn_leg_seconds_sum,voice_to_voice"] == pytest.approx(0.42)
    assert found["beautyai_client_errors_total,bad_audio"] == 1
    assert found["beautyai_tokens_total"] == 7
    assert found["beautyai_audio_out_seconds_total"] == 1.5
    assert found["beautyai_outbox_overflows_total"] == 1
    assert found["beautyai_interruptions_total"] == 1


def test_a_failed_inference_counts_as_an_error_and_has_no_duration() -> None:
    metrics = Metrics()
    metrics.inference_ended("vad", 0.003, None)
    metrics.inference_ended("vad", 1.0, BackendLost("gone"))
    found = samples(metrics)
    assert found["beautyai_inference_seconds_count,vad"] == 1
    assert found["beautyai_inference_errors_total,backend_lost,vad"] == 1


def test_the_number_of_series_is_the_same_before_and_after_any_traffic() -> None:
    metrics = Metrics()
    before = set(samples(metrics))
    metrics.turn_finished("completed")
    metrics.first_token(0.1)
    metrics.audio_received(3)
    metrics.inference_ended("tts", 0.1, None)
    metrics.inference_ended("tts", 0.1, BackendLost("gone"))
    metrics.inference_ended("somebody else's model", 0.1, None)
    metrics.canary_failed("whisper")
    metrics.model_repaired("whisper")
    metrics.client_error("made up")
    assert set(samples(metrics)) == before


def test_two_processes_worth_of_metrics_do_not_share_counts() -> None:
    metrics = Metrics()
    metrics.session_opened()
    assert samples(Metrics())["beautyai_sessions_total"] == 0


def test_it_is_served_as_prometheus_text() -> None:
    assert Metrics().render()[1].startswith("text/plain; version=")
