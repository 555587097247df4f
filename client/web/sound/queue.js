/** The reply on its way to the loudspeaker: gap-free, with a position, ducked and stopped at once. Pure: no clock. */

const DUCKED_GAIN = 0.18;
/** How fast the gain moves, in seconds: quick enough to be at once, slow enough not to click. */
const DUCK_S = 0.015;
const FADE_S = 0.004;
const LATE_STEP_MS = 40;
const MOST_HELD_MS = 200;
const CALMER = 0.75;

/** @typedef {{type: "started"|"ended", turn: number, playedMs: number, offset: number}} QueueEvent  offset: in the block */

/** Plays one turn at a time; a chunk of another turn drops what is left of the one before. */
export class PlaybackQueue {
  #rate;
  /** @type {Float32Array[]} */
  #chunks = [];
  #offset = 0;
  #queued = 0;
  #played = 0;
  #started = false;
  #complete = false;
  #waited = 0;
  #ducked = false;
  #gain = 1;
  #stopping = false;
  /** How much is held before a reply starts; grows where chunks came late. */
  #holdMs = 0;
  turn = -1;
  /** Times that this turn's reply had to wait for its next chunk. */
  underruns = 0;
  #dry = false;
  muted = false;

  /** @param {number} rate  Hz of what is pushed and pulled */
  constructor(rate) {
    this.#rate = rate;
  }

  get playedMs() {
    return (1000 * this.#played) / this.#rate;
  }

  get queuedMs() {
    return (1000 * this.#queued) / this.#rate;
  }

  get holdMs() {
    return this.#holdMs;
  }

  /** Something sounds or waits to. */
  get active() {
    return this.turn >= 0 && !(this.#complete && !this.#queued);
  }

  /** @param {number} turn @param {Float32Array} audio */
  push(turn, audio) {
    if (turn !== this.turn) this.#begin(turn);
    this.#chunks.push(audio);
    this.#queued += audio.length;
  }

  /** No more audio comes for this turn. @param {number} turn */
  complete(turn) {
    if (turn === this.turn) this.#complete = true;
  }

  /** @param {boolean} ducked */
  duck(ducked) {
    this.#ducked = ducked;
  }

  /** Fall silent within a few ms and drop the rest. */
  stop() {
    this.#stopping = this.#queued > 0;
    this.#complete = true;
  }

  /**
   * Fill one block.
   * @param {Float32Array} out
   * @returns {QueueEvent[]}
   */
  pull(out) {
    /** @type {QueueEvent[]} */
    const events = [];
    if (!this.#maySound(out.length)) return events;
    if (this.#queued && !this.#started) events.push(this.#begun());
    const filled = this.#stopping ? this.#fade(out) : this.#fill(out);
    this.#applyGain(out, filled);
    this.#note(filled, out.length);
    if (this.turn >= 0 && this.#complete && !this.#queued) events.push(this.#ended(filled));
    return events;
  }

  /** @returns {QueueEvent} */
  #begun() {
    this.#started = true;
    return { type: "started", turn: this.turn, playedMs: 0, offset: 0 };
  }

  /** @param {number} offset @returns {QueueEvent} */
  #ended(offset) {
    const turn = this.turn;
    this.#holdMs = this.underruns ? this.#holdMs : this.#holdMs * CALMER;
    this.turn = -1;
    this.#ducked = false;
    return { type: "ended", turn, playedMs: this.playedMs, offset };
  }

  /** @param {number} turn */
  #begin(turn) {
    this.turn = turn;
    this.#chunks = [];
    this.#offset = this.#queued = this.#played = this.#waited = this.underruns = 0;
    this.#started = this.#complete = this.#stopping = this.#dry = this.#ducked = false;
  }

  /** Before a reply starts, and after it ran dry, a little is held. @param {number} block */
  #maySound(block) {
    if (this.turn < 0) return false;
    if ((this.#started && !this.#dry) || this.#complete) return true;
    if (!this.#queued) return false;
    this.#waited += block;
    return Math.max(this.queuedMs, (1000 * this.#waited) / this.#rate) >= this.#holdMs;
  }

  /** @param {Float32Array} out @returns {number} samples written */
  #fill(out) {
    let filled = 0;
    while (filled < out.length && this.#chunks.length) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(this.#offset, this.#offset + out.length - filled);
      out.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
      if (this.#offset >= chunk.length) this.#dropFirst();
    }
    this.#queued -= filled;
    this.#played += filled;
    return filled;
  }

  #dropFirst() {
    this.#chunks.shift();
    this.#offset = 0;
  }

  /** The last few ms, fading out. @param {Float32Array} out */
  #fade(out) {
    const length = Math.min(out.length, Math.round(FADE_S * this.#rate));
    const filled = this.#fill(out.subarray(0, length));
    for (let index = 0; index < filled; index += 1) out[index] *= 1 - (index + 1) / length;
    this.#chunks = [];
    this.#offset = this.#queued = 0;
    this.#stopping = false;
    return filled;
  }

  /** @param {Float32Array} out @param {number} filled */
  #applyGain(out, filled) {
    const goal = this.muted ? 0 : this.#ducked ? DUCKED_GAIN : 1;
    const pull = 1 - Math.exp(-1 / (DUCK_S * this.#rate));
    for (let index = 0; index < filled; index += 1) {
      this.#gain += (goal - this.#gain) * pull;
      out[index] *= this.#gain;
    }
  }

  /** @param {number} filled @param {number} wanted */
  #note(filled, wanted) {
    const dry = filled < wanted && !this.#complete;
    if (dry && !this.#dry) {
      this.underruns += 1;
      this.#holdMs = Math.min(MOST_HELD_MS, this.#holdMs + LATE_STEP_MS);
      this.#waited = 0;
    }
    this.#dry = dry;
  }
}
