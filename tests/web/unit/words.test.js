import assert from "node:assert/strict";
import { test } from "node:test";
import { spokenCharacters } from "../../../client/web/core/words.js";

const reply = "Plants need light. They need water.";
const pieces = [
  { text: "Plants need light.", startMs: 0, durationMs: 1000 },
  { text: "They need water.", startMs: 1000, durationMs: 1000 },
];
const shown = (ms, complete = false) => reply.slice(0, spokenCharacters(reply, pieces, ms, complete));

test("nothing is spoken before the voice begins", () => assert.equal(shown(0), ""));

test("the text follows the voice word by word", () => {
  assert.equal(shown(100), "Plants");
  assert.equal(shown(500), "Plants need");
  assert.equal(shown(1000), "Plants need light.");
  assert.equal(shown(1100), "Plants need light. They");
  assert.equal(shown(2000, true), reply);
});

test("it never runs back while the position grows", () => {
  let before = 0;
  for (let ms = 0; ms <= 2000; ms += 7) {
    const now = spokenCharacters(reply, pieces, ms, true);
    assert.ok(now >= before, `at ${ms} ms`);
    before = now;
  }
});

test("a piece whose audio is still coming is expected to be as long as its text", () => {
  const coming = [{ text: reply, startMs: 0, durationMs: 100 }];
  assert.ok(spokenCharacters(reply, coming, 90, false) < 12);
});

test("Arabic words are not cut", () => {
  const arabic = "مرحبا بك اليوم";
  const piece = [{ text: arabic, startMs: 0, durationMs: 900 }];
  assert.equal(arabic.slice(0, spokenCharacters(arabic, piece, 100, true)), "مرحبا");
});
