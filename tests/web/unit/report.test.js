import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMetrics, quantile, total } from "../../../client/web/core/figures.js";
import { microphoneProblem, readinessProblem, serverProblem } from "../../../client/web/core/problems.js";
import { Trace } from "../../../client/web/core/trace.js";
import { Turns } from "../../../client/web/core/turns.js";
import { ARABIC, ENGLISH } from "../../../client/web/view/strings.js";

const METRICS = `# HELP beautyai_turns_total Turns
# TYPE beautyai_turns_total counter
beautyai_turns_total{outcome="completed"} 3.0
beautyai_turns_total{outcome="failed"} 1.0
leg_bucket{le="0.1",leg="a"} 0.0
leg_bucket{le="0.2",leg="a"} 4.0
leg_bucket{le="+Inf",leg="a"} 4.0
leg_bucket{le="0.1",leg="b"} 0.0
leg_bucket{le="+Inf",leg="b"} 0.0
`;

test("counters are summed over their labels", () => {
  const samples = parseMetrics(METRICS);
  assert.equal(total(samples, "beautyai_turns_total"), 4);
  assert.equal(total(samples, "beautyai_turns_total", { outcome: "failed" }), 1);
});

test("a quantile lies within its bucket, and there is none of nothing", () => {
  const samples = parseMetrics(METRICS);
  assert.ok(Math.abs(quantile(samples, "leg", { leg: "a" }, 0.5) - 0.15) < 1e-9);
  assert.equal(quantile(samples, "leg", { leg: "b" }, 0.5), null);
  assert.equal(quantile(samples, "no_such", {}, 0.5), null);
});

test("a trace keeps words and counts audio, and holds no sound", () => {
  const trace = new Trace();
  trace.add("server", { type: "voice_response", turn: 1, pcm: new ArrayBuffer(320) }, 12.34);
  const about = { session: "s1", turns: new Turns().all, sound: {}, agent: "x", at: "now" };
  const document = JSON.parse(JSON.stringify(trace.document(about)));
  assert.deepEqual(document.events, [{ at_ms: 12.3, from: "server", message: { type: "voice_response", turn: 1, audio_bytes: 320 } }]);
});

test("every problem has its words, in both languages", () => {
  const problems = [
    ...["NotAllowedError", "NotFoundError", "NotReadableError", "InsecureContext", "NotSupportedError", "Odd"].map(microphoneProblem),
    ...["overloaded", "backend_lost", "inference_timeout", "internal"].map((code) => serverProblem({ code, message: "" })),
    serverProblem({ code: "bad_message", message: "commit: no speech was heard" }),
    readinessProblem(null),
    readinessProblem({ ready: false, models: { vad: { ready: true }, tts: { ready: false } } }),
  ];
  for (const { key, action } of problems) {
    for (const words of [ENGLISH, ARABIC]) assert.ok(words[key] && (!action || words[action]), key);
  }
  assert.equal(problems.at(-1).detail, "tts");
  assert.equal(readinessProblem({ ready: true, models: {} }), null);
});

test("both languages say the same things", () => {
  assert.deepEqual(Object.keys(ARABIC), Object.keys(ENGLISH));
});
