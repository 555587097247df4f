/** What is known of each turn, built from the server's events and the loudspeaker's positions. Pure: no clock. */

/** @typedef {import("./wire.js").ServerEvent} ServerEvent */
/** @typedef {{text: string, startMs: number, durationMs: number}} Piece  one spoken piece of a reply */
/**
 * @typedef {Object} Turn
 * @property {string} key  unique over reconnections
 * @property {number} number  the server's
 * @property {boolean} typed
 * @property {string} said  what is understood so far
 * @property {number} stable  characters of `said` that will not change
 * @property {boolean} final  `said` is the final transcript
 * @property {string} reply  as it is written
 * @property {string} heard  what was heard of an interrupted reply
 * @property {Piece[]} pieces
 * @property {number} playedMs  how much of the reply sounded
 * @property {boolean} playing
 * @property {boolean} ducked
 * @property {string} reason  empty while the turn runs; the server's, or "lost" where the connection went
 * @property {Object<string, any>|null} metrics
 * @property {number|null} mouthToEarMs  last voiced sample to the first audible one, as the page measured it
 * @property {Object<string, number>} marks  when something first happened, in ms of the page's clock
 * @property {number[]} partials  when each partial transcript came, in ms of the page's clock
 */

/** @param {string} key @param {number} number @returns {Turn} */
function newTurn(key, number) {
  return {
    key, number, typed: false, said: "", stable: 0, final: false, reply: "", heard: "", pieces: [], playedMs: 0,
    playing: false, ducked: false, reason: "", metrics: null, mouthToEarMs: null, marks: {}, partials: [],
  };
}

export class Turns {
  /** @type {Turn[]} */
  all = [];
  #connections = 0;
  /** @type {string[]} */
  #typed = [];

  /** A new connection counts its turns from 1 again; what ran on the old one is over. */
  connected() {
    this.disconnected();
    this.#connections += 1;
  }

  disconnected() {
    for (const turn of this.all) Object.assign(turn, { reason: turn.reason || "lost", playing: false });
    this.#typed = [];
  }

  /** A typed turn was sent; the server does not repeat its words. @param {string} text */
  typed(text) {
    this.#typed.push(text);
  }

  /** Typed words that no turn of the server has taken yet. */
  get waiting() {
    return this.#typed;
  }

  get last() {
    return this.all.at(-1) ?? null;
  }

  /** @param {number} number @returns {Turn|undefined} */
  of(number) {
    return this.all.find((turn) => turn.key === `${this.#connections}-${number}`);
  }

  /**
   * Take one event; returns the turn it changed, or null.
   * @param {ServerEvent} event
   * @param {number} nowMs
   */
  receive(event, nowMs) {
    if (!("turn" in event) || typeof event.turn !== "number") return null;
    const turn = this.of(event.turn) ?? this.#begin(event.turn, event.type === "speech_started", nowMs);
    mark(turn, event.type, nowMs);
    apply(turn, event, nowMs);
    return turn;
  }

  /** @param {number} number @param {boolean} spoken @param {number} nowMs */
  #begin(number, spoken, nowMs) {
    const turn = newTurn(`${this.#connections}-${number}`, number);
    const words = spoken ? undefined : this.#typed.shift();
    if (words !== undefined) Object.assign(turn, { typed: true, said: words, stable: words.length, final: true });
    mark(turn, "began", nowMs);
    this.all.push(turn);
    return turn;
  }
}

/** @param {Turn} turn @param {string} name @param {number} nowMs */
export function mark(turn, name, nowMs) {
  turn.marks[name] ??= nowMs;
}

/** @param {Turn} turn @param {ServerEvent} event @param {number} nowMs */
function apply(turn, event, nowMs) {
  switch (event.type) {
    case "partial_transcript":
      turn.partials.push(nowMs);
      Object.assign(turn, { said: event.text, stable: event.stable });
      break;
    case "final_transcript":
      Object.assign(turn, { said: event.text, stable: event.text.length, final: true });
      break;
    case "response_text":
      turn.reply += event.delta;
      break;
    case "voice_response":
      addPiece(turn.pieces, event.text, event.duration_ms);
      break;
    case "duck":
    case "unduck":
      turn.ducked = event.type === "duck";
      break;
    case "response_done":
      end(turn, event.reason, event.text);
      break;
    case "metrics":
      turn.metrics = event;
      break;
  }
}

/** @param {Turn} turn @param {string} reason @param {string} text */
function end(turn, reason, text) {
  Object.assign(turn, { reason, ducked: false });
  if (reason === "interrupted" || reason === "failed") turn.heard = text;
  else if (text) turn.reply = text;
}

/** @param {Piece[]} pieces @param {string} text @param {number} durationMs */
function addPiece(pieces, text, durationMs) {
  const last = pieces.at(-1);
  if (last && !text) last.durationMs += durationMs;
  else pieces.push({ text, startMs: last ? last.startMs + last.durationMs : 0, durationMs });
}

/**
 * What the conversation is doing, for the person in front of it.
 * @param {Turns} turns
 * @returns {"idle"|"hearing"|"thinking"|"speaking"}
 */
export function activity(turns) {
  if (turns.all.some((turn) => turn.playing)) return "speaking";
  const last = turns.last;
  if (turns.waiting.length) return "thinking";
  if (!last || last.reason) return "idle";
  return last.final || last.marks.speech_stopped !== undefined ? "thinking" : "hearing";
}

/** Whether a turn has anything to show: a cough that was no words has not. @param {Turn} turn */
export function isShown(turn) {
  return Boolean(turn.said || turn.reply);
}
