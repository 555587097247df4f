import assert from "node:assert/strict";
import { test } from "node:test";
import { legs, totalMs } from "../../../client/web/core/legs.js";

const metrics = { end_silence_ms: 448, final_transcript_ms: 20, first_token_ms: 50, first_audio_ms: 250, voice_to_voice_ms: 698 };

test("the legs add up to what the page measured", () => {
  const turn = { metrics, mouthToEarMs: 740 };
  assert.deepEqual(legs(turn).map(({ name }) => name), ["pause", "hear", "think", "voice", "travel"]);
  assert.equal(legs(turn).reduce((sum, { ms }) => sum + ms, 0), 740);
  assert.equal(totalMs(turn), 740);
});

test("without the page's own figure the server's stands alone", () => {
  const turn = { metrics, mouthToEarMs: null };
  assert.deepEqual(legs(turn).map(({ name }) => name), ["pause", "hear", "think", "voice"]);
  assert.equal(totalMs(turn), 698);
});

test("what the pause has hidden is not drawn", () => {
  const prepared = { ...metrics, final_transcript_ms: 0.3, first_token_ms: 0.5, first_audio_ms: 0.9, voice_to_voice_ms: 449 };
  assert.deepEqual(legs({ metrics: prepared, mouthToEarMs: null }), [{ name: "pause", ms: 448 }]);
});

test("a typed turn has no pause, and one without an answer no legs", () => {
  const typed = { first_token_ms: 80, first_audio_ms: 300, end_silence_ms: null, final_transcript_ms: null, voice_to_voice_ms: null };
  assert.deepEqual(legs({ metrics: typed, mouthToEarMs: null }).map(({ name }) => name), ["think", "voice"]);
  assert.equal(totalMs({ metrics: typed, mouthToEarMs: null }), 300);
  assert.deepEqual(legs({ metrics: { first_audio_ms: null }, mouthToEarMs: null }), []);
  assert.deepEqual(legs({ metrics: null, mouthToEarMs: null }), []);
});
