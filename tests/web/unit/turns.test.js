import assert from "node:assert/strict";
import { test } from "node:test";
import { activity, isShown, Turns } from "../../../client/web/core/turns.js";

/** @param {Turns} turns @param {...object} events */
function feed(turns, ...events) {
  events.forEach((event, index) => turns.receive(event, 100 * index));
}

const spoken = [
  { type: "speech_started", turn: 1, audio_ms: 0 },
  { type: "partial_transcript", turn: 1, text: "What do pla", stable: 7 },
  { type: "speech_stopped", turn: 1, audio_ms: 900 },
  { type: "final_transcript", turn: 1, text: "What do plants need?", language: "en" },
  { type: "response_text", turn: 1, delta: "Light " },
  { type: "response_text", turn: 1, delta: "and water." },
  { type: "voice_response", turn: 1, index: 0, text: "Light and water.", duration_ms: 600 },
  { type: "voice_response", turn: 1, index: 1, text: "", duration_ms: 400 },
];

function connected() {
  const turns = new Turns();
  turns.connected();
  return turns;
}

test("a turn grows from partial to final words, text and spoken pieces", () => {
  const turns = connected();
  feed(turns, ...spoken);
  const turn = turns.of(1);
  assert.equal(turn.said, "What do plants need?");
  assert.equal(turn.reply, "Light and water.");
  assert.deepEqual(turn.pieces, [{ text: "Light and water.", startMs: 0, durationMs: 1000 }]);
  assert.deepEqual(turn.partials, [100]);
  assert.equal(turn.marks.response_text, 400, "the first token is the first");
});

test("what goes on is seen from the turns", () => {
  const turns = connected();
  assert.equal(activity(turns), "idle");
  feed(turns, spoken[0]);
  assert.equal(activity(turns), "hearing");
  feed(turns, spoken[2]);
  assert.equal(activity(turns), "thinking");
  turns.of(1).playing = true;
  assert.equal(activity(turns), "speaking");
  turns.of(1).playing = false;
  feed(turns, { type: "response_done", turn: 1, text: "", reason: "completed" });
  assert.equal(activity(turns), "idle");
});

test("an interrupted reply keeps what was heard, a completed one its whole text", () => {
  const turns = connected();
  feed(turns, ...spoken, { type: "response_done", turn: 1, text: "Light", reason: "interrupted" });
  assert.equal(turns.of(1).heard, "Light");
  assert.equal(turns.of(1).reply, "Light and water.");
  feed(turns, { type: "response_done", turn: 2, text: "Whole.", reason: "completed" });
  assert.equal(turns.of(2).reply, "Whole.");
});

test("typed words belong to the turn that answers them, not to speech that began meanwhile", () => {
  const turns = connected();
  turns.typed("Hello");
  assert.equal(activity(turns), "thinking");
  feed(turns, spoken[0], { type: "response_text", turn: 2, delta: "Hi!" });
  assert.equal(turns.of(1).said, "");
  assert.equal(turns.of(2).said, "Hello");
  assert.ok(turns.of(2).typed);
});

test("a new connection counts from 1 again and ends what was open", () => {
  const turns = connected();
  feed(turns, spoken[0]);
  turns.connected();
  assert.equal(turns.all[0].reason, "lost");
  feed(turns, spoken[0]);
  assert.equal(turns.all.length, 2);
  assert.notEqual(turns.all[0].key, turns.all[1].key);
});

test("a cough that was no words is not shown", () => {
  const turns = connected();
  feed(turns, spoken[0], { type: "response_done", turn: 1, text: "", reason: "empty" });
  assert.equal(isShown(turns.of(1)), false);
});
