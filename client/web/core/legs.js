/** The legs of a turn's latency, one after the other, from the server's figures and the page's own. Pure. */

/** @typedef {import("./turns.js").Turn} Turn */
/** @typedef {"pause"|"hear"|"think"|"voice"|"travel"} LegName */
/** @typedef {{name: LegName, ms: number}} Leg */

/**
 * `pause`: the silence that ended the turn. `hear`: until the final transcript. `think`: until the first token.
 * `voice`: until the first audio left. `travel`: what the page measured beyond that: network, buffers, devices.
 * @param {Turn} turn
 * @returns {Leg[]} in order; what did not happen or was hidden in the pause is left out
 */
export function legs(turn) {
  const figures = turn.metrics;
  if (!figures || typeof figures.first_audio_ms !== "number") return [];
  const heard = figures.final_transcript_ms ?? 0;
  const thought = Math.max(heard, figures.first_token_ms ?? heard);
  const audible = Math.max(thought, figures.first_audio_ms);
  const beyond = turn.mouthToEarMs === null ? 0 : turn.mouthToEarMs - (figures.voice_to_voice_ms ?? turn.mouthToEarMs);
  /** @type {Leg[]} */
  const all = [
    { name: "pause", ms: figures.end_silence_ms ?? 0 },
    { name: "hear", ms: heard },
    { name: "think", ms: thought - heard },
    { name: "voice", ms: audible - thought },
    { name: "travel", ms: beyond },
  ];
  return all.filter((leg) => leg.ms >= 1);
}

/** The whole wait in ms: as the page measured it, else as the server did. @param {Turn} turn */
export function totalMs(turn) {
  return turn.mouthToEarMs ?? turn.metrics?.voice_to_voice_ms ?? turn.metrics?.first_audio_ms ?? null;
}
