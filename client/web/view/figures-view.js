/** The server's live figures: its models, its sessions, and the legs of all turns it has served. */

import { parseMetrics, quantile, total } from "../core/figures.js";
import { KeyWanted, metrics, readiness } from "../server.js";
import { make } from "./dom.js";

/** @typedef {import("../core/figures.js").Sample} Sample */

const EVERY_MS = 2000;
const LEGS = ["first_partial", "partial_decode", "final_transcript", "first_token", "first_audio", "voice_to_voice"];
const COUNTS = [
  ["sessions open", "beautyai_sessions_open"], ["sessions", "beautyai_sessions_total"], ["turns", "beautyai_turns_total"],
  ["interruptions", "beautyai_interruptions_total"], ["tokens", "beautyai_tokens_total"],
  ["refused", "beautyai_sessions_refused_total"], ["errors sent", "beautyai_client_errors_total"],
  ["audio in, s", "beautyai_audio_in_seconds_total"], ["audio out, s", "beautyai_audio_out_seconds_total"],
];

export class FiguresView {
  #place;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** Look now, and from now on while the page can be seen. */
  async watch() {
    if (!document.hidden) this.#place.replaceChildren(...(await this.#content()));
    setTimeout(() => this.watch(), EVERY_MS);
  }

  async #content() {
    const state = await readiness();
    try {
      const samples = parseMetrics(await metrics());
      return [counts(samples), legTable(samples), ...(state ? [modelTable(samples, state.models)] : [])];
    } catch (error) {
      const why = error instanceof KeyWanted ? "The figures ask for a key: give it on the talk page." : "No figures: the server does not answer.";
      return [make("p", { className: "soft" }, why)];
    }
  }
}

/** @param {Sample[]} samples */
function counts(samples) {
  const facts = COUNTS.map(([words, name]) => make("div", {}, make("dt", {}, words), make("dd", {}, String(Math.round(total(samples, name))))));
  return make("dl", { className: "facts" }, ...facts);
}

/** @param {Sample[]} samples */
function legTable(samples) {
  const rows = LEGS.map((leg) => [leg.replaceAll("_", " "), ...quantiles(samples, "beautyai_turn_leg_seconds", { leg })]);
  return table("Legs of all turns, ms", ["leg", "p50", "p95", "count"], rows);
}

/** @param {Sample[]} samples @param {Object<string, {ready: boolean, error?: string|null}>} models */
function modelTable(samples, models) {
  const rows = Object.entries(models).map(([model, { ready, error }]) => {
    const state = make("td", { className: ready ? "fine" : "bad", title: error ?? "" }, ready ? "ready" : "down");
    return [model, state, ...quantiles(samples, "beautyai_inference_seconds", { model })];
  });
  return table("Models, ms a call", ["model", "state", "p50", "p95", "calls"], rows);
}

/** @param {Sample[]} samples @param {string} name @param {Object<string, string>} labels */
function quantiles(samples, name, labels) {
  const inMs = [0.5, 0.95].map((share) => quantile(samples, name, labels, share)).map((value) => (value === null ? "–" : String(Math.round(1000 * value))));
  return [...inMs, String(total(samples, `${name}_count`, labels))];
}

/** @param {string} caption @param {string[]} heads @param {(string|HTMLElement)[][]} rows */
function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map((words) => make("th", { scope: "col" }, words)));
  const body = rows.map(([first, ...rest]) => make("tr", {}, make("th", { scope: "row" }, first), ...rest.map(cell)));
  return make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...body));
}

/** @param {string|HTMLElement} content */
function cell(content) {
  return content instanceof HTMLElement ? content : make("td", {}, content);
}
