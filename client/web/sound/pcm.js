/** What PCM bytes mean, and how loud audio is. Pure. */

/** @param {Float32Array} audio @returns {Int16Array} little-endian on every machine that runs a browser */
export function toPcm16(audio) {
  return Int16Array.from(audio, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
}

/** @param {ArrayBuffer} pcm  16-bit little-endian mono @returns {Float32Array} */
export function fromPcm16(pcm) {
  return Float32Array.from(new Int16Array(pcm), (sample) => sample / 32_768);
}

const QUIET_DB = -55;
const LOUD_DB = -12;

/** Loudness as a meter shows it: 0 is a quiet room, 1 a loud voice. @param {Float32Array} audio */
export function level(audio) {
  if (!audio.length) return 0;
  const power = audio.reduce((sum, sample) => sum + sample * sample, 0) / audio.length;
  const db = 10 * Math.log10(power + 1e-12);
  return Math.max(0, Math.min(1, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}
