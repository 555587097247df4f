/** A turn in time: when there was speech, words, the commit, the first token, the first sound, and what was played. */

import { make } from "./dom.js";

/** @typedef {import("../core/turns.js").Turn} Turn */

const FIGURES = [
  ["end_silence_ms", "silence"], ["first_partial_ms", "first partial"], ["final_transcript_ms", "final transcript"],
  ["first_token_ms", "first token"], ["first_audio_ms", "first audio"], ["voice_to_voice_ms", "voice to voice"],
  ["reply_audio_ms", "reply audio"], ["tokens", "tokens"], ["prepared", "prepared"],
];

/** @param {Turn} turn */
export function timeline(turn) {
  const head = make("p", { className: "said", dir: "auto" }, `${turn.number}. ${turn.said || "…"}`);
  const state = turn.reason || "running";
  return make("li", {}, head, lane(turn), make("p", { className: "numbers" }, ...numbers(turn, state)));
}

/** @param {Turn} turn */
function lane(turn) {
  const { marks } = turn;
  const began = Math.min(...Object.values(marks), ...turn.partials);
  const end = Math.max(...Object.values(marks), ...turn.partials, began + 1000);
  /** @param {string} kind @param {number|undefined} from @param {number} [to] */
  const place = (kind, from, to = from) => {
    if (from === undefined || to === undefined) return [];
    const element = make("span", { className: `mark ${kind}` });
    element.style.setProperty("--from", String((from - began) / (end - began)));
    element.style.setProperty("--long", String(Math.max(0, to - from) / (end - began)));
    return [element];
  };
  const speech = turn.typed ? [] : place("speech", marks.speech_started, marks.voiced_end ?? marks.speech_stopped);
  const played = place("played", marks.audible, marks.silent ?? marks.response_done);
  const points = [
    ...turn.partials.flatMap((at) => place("partial", at)), ...place("pause", marks.speech_stopped),
    ...place("think", marks.response_text), ...place("voice", marks.voice_response),
  ];
  const drawn = make("div", { className: "lane" }, ...speech, ...played, ...points);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", `Turn ${turn.number} over ${((end - began) / 1000).toFixed(1)} s`);
  return drawn;
}

/** @param {Turn} turn @param {string} state */
function numbers(turn, state) {
  const server = FIGURES.map(([name, words]) => [words, turn.metrics?.[name]]);
  const ear = turn.mouthToEarMs === null ? null : Math.round(turn.mouthToEarMs);
  const all = [["state", state], ["mouth to ear", ear], ["played", Math.round(turn.playedMs)], ...server];
  return all.filter(([, value]) => value !== null && value !== undefined)
    .map(([words, value]) => make("span", {}, `${words} `, make("b", {}, shown(value))));
}

/** @param {any} value */
function shown(value) {
  return typeof value === "number" ? String(Math.round(value)) : String(value);
}
