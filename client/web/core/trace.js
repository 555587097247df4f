/** Everything that went over the wire and everything the page measured, to be looked at or kept. Pure. */

/** @typedef {import("./turns.js").Turn} Turn */
/** @typedef {{at_ms: number, from: "server"|"page", message: Object<string, any>}} Entry  ms of the page's clock */

const KEPT = 5000;

export class Trace {
  /** @type {Entry[]} */
  entries = [];
  audioSentMs = 0;

  /** @param {"server"|"page"} from @param {Object<string, any>} message @param {number} nowMs @returns {Entry} */
  add(from, message, nowMs) {
    const { pcm, ...words } = message;
    if (pcm) words.audio_bytes = pcm.byteLength;
    const entry = { at_ms: Math.round(nowMs * 10) / 10, from, message: words };
    this.entries.push(entry);
    if (this.entries.length > KEPT) this.entries.splice(0, KEPT / 2);
    return entry;
  }

  /**
   * The download: no audio, no keys.
   * @param {{session: string, turns: Turn[], sound: Object<string, any>, agent: string, at: string}} about
   */
  document({ session, turns, sound, agent, at }) {
    return {
      kind: "beautyai-trace", version: 1, session_id: session, saved_at: at, browser: agent, sound,
      audio_sent_ms: Math.round(this.audioSentMs), turns: turns.map(summary), events: this.entries,
    };
  }
}

/** @param {Turn} turn */
function summary(turn) {
  const { key, said, reply, heard, reason, typed, playedMs, mouthToEarMs, marks, partials, metrics } = turn;
  return {
    key, said, reply, heard, reason, typed, played_ms: Math.round(playedMs),
    mouth_to_ear_ms: mouthToEarMs === null ? null : Math.round(mouthToEarMs * 10) / 10, marks, partials, metrics,
  };
}
