import assert from "node:assert/strict";
import { test } from "node:test";
import { fromPcm16, level, toPcm16 } from "../../../client/web/sound/pcm.js";
import { PlaybackQueue } from "../../../client/web/sound/queue.js";
import { Resampler } from "../../../client/web/sound/resampler.js";

const tone = (hz, rate, seconds) => Float32Array.from({ length: rate * seconds }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hz * n) / rate));
const power = (audio) => audio.reduce((sum, sample) => sum + sample ** 2, 0) / audio.length;
const join = (...parts) => Float32Array.from(parts.flatMap((part) => [...part]));

for (const [from, to] of [[48_000, 16_000], [44_100, 16_000], [22_050, 48_000], [16_000, 16_000]]) {
  test(`${from} to ${to} Hz keeps a voice as it is, in time too`, () => {
    const resampler = new Resampler(from, to);
    const out = join(resampler.push(tone(440, from, 0.5)), resampler.flush());
    const wanted = tone(440, to, 0.5);
    for (let n = 200; n < wanted.length - 200; n += 1) assert.ok(Math.abs(out[n] - wanted[n]) < 0.01, `sample ${n}`);
  });
}

test("what 16 kHz cannot carry is taken out, not folded back", () => {
  const out = new Resampler(48_000, 16_000).push(tone(11_000, 48_000, 0.5));
  assert.ok(power(out.slice(100, -100)) < 1e-5);
});

test("chunks of any size are converted like the whole", () => {
  const audio = tone(300, 44_100, 0.3);
  const whole = new Resampler(44_100, 16_000).push(audio);
  const chunked = new Resampler(44_100, 16_000);
  const parts = [];
  for (let at = 0, size = 1; at < audio.length; at += size, size = (size * 7) % 509 || 1) parts.push(chunked.push(audio.slice(at, at + size)));
  assert.deepEqual(join(...parts), whole);
});

test("PCM16 goes there and back, and what is too loud is cut", () => {
  assert.deepEqual([...fromPcm16(toPcm16(Float32Array.of(0, 0.5, -1)).buffer)].map((x) => Math.round(x * 100) / 100), [0, 0.5, -1]);
  assert.deepEqual([...toPcm16(Float32Array.of(2, -2))], [32_767, -32_767]);
});

test("the level of silence is 0, of a loud voice 1", () => {
  assert.equal(level(new Float32Array(100)), 0);
  assert.equal(level(tone(200, 16_000, 0.1)), 1);
});

const RATE = 48_000;
const BLOCK = 128;
const ones = (ms) => new Float32Array((RATE * ms) / 1000).fill(1);

/** @param {PlaybackQueue} queue @param {number} ms */
function play(queue, ms) {
  const audio = [];
  const events = [];
  for (let made = 0; made < (RATE * ms) / 1000; made += BLOCK) {
    const block = new Float32Array(BLOCK);
    events.push(...queue.pull(block).map(({ type, turn }) => `${type} ${turn}`));
    audio.push(...block);
  }
  return { audio, events };
}

test("chunks are played without a gap and the position counts what sounded", () => {
  const queue = new PlaybackQueue(RATE);
  queue.push(1, ones(20));
  queue.push(1, ones(20));
  const { audio, events } = play(queue, 30);
  assert.ok(audio.every((sample) => sample === 1));
  assert.ok(Math.abs(queue.playedMs - 30) < 3);
  queue.complete(1);
  events.push(...play(queue, 30).events);
  assert.deepEqual(events, ["started 1", "ended 1"]);
  assert.equal(queue.playedMs, 40);
  assert.equal(queue.underruns, 0);
});

test("a stop is silent within 6 ms, without a click, and drops the rest", () => {
  const queue = new PlaybackQueue(RATE);
  queue.push(1, ones(500));
  play(queue, 20);
  queue.stop();
  const { audio, events } = play(queue, 20);
  assert.ok(audio.slice((RATE * 6) / 1000).every((sample) => sample === 0));
  const steps = audio.slice(0, (RATE * 6) / 1000).map((sample, n) => Math.abs(sample - (n ? audio[n - 1] : 1)));
  assert.ok(Math.max(...steps) < 0.02, `a step of ${Math.max(...steps)}`);
  assert.deepEqual(events, ["ended 1"]);
});

test("ducking is heard within 60 ms, smoothly, and is undone", () => {
  const queue = new PlaybackQueue(RATE);
  queue.push(1, ones(1000));
  play(queue, 20);
  queue.duck(true);
  const { audio } = play(queue, 60);
  assert.ok(audio.at(-1) < 0.25);
  assert.ok(audio.every((sample, n) => !n || Math.abs(sample - audio[n - 1]) < 0.01));
  queue.duck(false);
  assert.ok(play(queue, 100).audio.at(-1) > 0.95);
});

test("where chunks come late, later replies hold a little before they start", () => {
  const queue = new PlaybackQueue(RATE);
  queue.push(1, ones(10));
  play(queue, 30);
  assert.equal(queue.underruns, 1);
  queue.push(1, ones(100));
  queue.complete(1);
  play(queue, 200);
  queue.push(2, ones(10));
  assert.ok(play(queue, 10).audio.every((sample) => sample === 0), "held");
  assert.ok(play(queue, 60).audio.some((sample) => sample === 1), "but not for ever");
});

test("a reply that came whole starts at once, and the next turn takes the place of the last", () => {
  const queue = new PlaybackQueue(RATE);
  queue.push(1, ones(300));
  assert.deepEqual(play(queue, 5).events, ["started 1"]);
  queue.push(2, ones(10));
  queue.complete(2);
  assert.deepEqual(play(queue, 30).events, ["started 2", "ended 2"]);
  assert.equal(queue.playedMs, 10);
});

test("muted, it goes on in silence and still counts", () => {
  const queue = new PlaybackQueue(RATE);
  queue.muted = true;
  queue.push(1, ones(500));
  const { audio } = play(queue, 200);
  assert.ok(Math.abs(audio.at(-1)) < 1e-3);
  assert.ok(queue.playedMs > 190);
});
