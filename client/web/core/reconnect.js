/** What to do when a connection ends, and how long to wait before the next one. Pure. */

export const FIRST_DELAY_MS = 250;
export const LONGEST_DELAY_MS = 15_000;

/** @typedef {{action: "retry", delayMs: number} | {action: "ask_key"|"drop_voice"|"probe"|"stop"}} NextStep */

const ACCESS_CODES = [4401, 4403];

/**
 * @param {{code: number, reason: string, opened: boolean, attempts: number, jitter: number}} closed
 *   opened: the session was ready; attempts: tries since it last was; jitter: a random number of [0, 1)
 * @returns {NextStep} "probe": the upgrade was refused, and a browser is not told why
 */
export function afterClose({ code, reason, opened, attempts, jitter }) {
  if (ACCESS_CODES.includes(code)) return { action: "ask_key" };
  if (code === 1008) return { action: reason === "bad_setting" ? "drop_voice" : "ask_key" };
  if (code === 1000 || code === 1009) return { action: "stop" };
  if (!opened && code === 1006 && attempts > 0) return { action: "probe" };
  return { action: "retry", delayMs: delayMs(attempts, jitter) };
}

/** Twice as long with each try, with a random half so that not all come at once. @param {number} attempts @param {number} jitter */
export function delayMs(attempts, jitter) {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempts);
  return Math.round(whole * (0.5 + jitter / 2));
}
