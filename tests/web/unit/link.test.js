import assert from "node:assert/strict";
import { test } from "node:test";
import { SampleClock } from "../../../client/web/core/clock.js";
import { FRAME_MS, Framing } from "../../../client/web/core/framing.js";
import { afterClose, delayMs, LONGEST_DELAY_MS } from "../../../client/web/core/reconnect.js";

test("a sample of the session is found in the sound card's time, over a gap in the sending", () => {
  const clock = new SampleClock();
  clock.sent(1600, 10);
  clock.sent(1600, 10.1);
  clock.sent(1600, 15);
  assert.ok(Math.abs(clock.secondsAt(150) - 10.15) < 1e-9);
  assert.ok(Math.abs(clock.secondsAt(250) - 15.05) < 1e-9);
  clock.restart();
  assert.equal(clock.secondsAt(0), null);
});

test("frames are short on a quick way and longer on a slow one", () => {
  const framing = new Framing();
  assert.equal(framing.roundTripMs, null);
  const sizes = [2, 60, 150, 900].map((ms) => {
    for (let ping = 0; ping < 5; ping += 1) framing.measured(ms);
    return framing.frameMs;
  });
  assert.deepEqual(sizes, FRAME_MS);
});

test("one slow ping changes nothing", () => {
  const framing = new Framing();
  for (const ms of [3, 3, 900]) framing.measured(ms);
  assert.equal(framing.frameMs, FRAME_MS[0]);
});

test("a crowded socket makes frames long, and they shrink again step by step", () => {
  const framing = new Framing();
  framing.waiting(400);
  assert.equal(framing.frameMs, FRAME_MS.at(-1));
  const after = [1, 2, 3].map(() => (framing.measured(2), framing.frameMs));
  assert.deepEqual(after, [64, 32, 16]);
});

const closed = { code: 1006, reason: "", opened: true, attempts: 0, jitter: 1 };

test("a broken connection is tried again, later each time, never later than the longest", () => {
  assert.deepEqual(afterClose(closed), { action: "retry", delayMs: 250 });
  assert.deepEqual(afterClose({ ...closed, code: 1012, attempts: 2 }), { action: "retry", delayMs: 1000 });
  assert.equal(delayMs(30, 1), LONGEST_DELAY_MS);
  assert.equal(delayMs(30, 0), LONGEST_DELAY_MS / 2);
});

test("an upgrade that is refused again is looked into", () => {
  assert.equal(afterClose({ ...closed, opened: false, attempts: 1 }).action, "probe");
});

test("a key is asked for where the server wants one, and a wrong voice is dropped", () => {
  for (const code of [1008, 4401, 4403]) assert.equal(afterClose({ ...closed, code }).action, "ask_key");
  assert.equal(afterClose({ ...closed, code: 1008, reason: "bad_setting" }).action, "drop_voice");
});

test("a normal end is an end", () => assert.equal(afterClose({ ...closed, code: 1000 }).action, "stop"));
