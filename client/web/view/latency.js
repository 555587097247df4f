/** The time to answer as a bar of its legs. */

import { legs, totalMs } from "../core/legs.js";
import { make } from "./dom.js";
import { duration, say } from "./language.js";

/** @typedef {import("../core/turns.js").Turn} Turn */

/** The bar of a turn that is measured; null before. @param {Turn} turn */
export function latencyBar(turn) {
  const parts = legs(turn);
  const total = totalMs(turn);
  if (!parts.length || total === null) return null;
  const bar = make("span", { className: "bar" }, ...parts.map(segment));
  bar.setAttribute("aria-hidden", "true");
  const summary = make("summary", {}, bar, make("span", { className: "total" }, duration(total)));
  summary.setAttribute("aria-label", `${say("latency")}: ${duration(total)}`);
  return make("details", { className: "latency" }, summary, make("dl", {}, ...parts.flatMap(explained)));
}

/** @param {import("../core/legs.js").Leg} leg */
function segment({ name, ms }) {
  const part = make("span", { className: `leg ${name}` });
  part.style.setProperty("--share", String(Math.round(ms)));
  return part;
}

/** @param {import("../core/legs.js").Leg} leg */
function explained({ name, ms }) {
  const term = make("dt", {}, make("span", { className: `dot ${name}` }), say(`leg_${name}`));
  return [term, make("dd", {}, duration(ms))];
}
