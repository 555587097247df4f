/** How much audio goes into one message: little where the way is quick, more where each message costs. Pure. */

export const FRAME_MS = Object.freeze([16, 32, 64, 96]);
const ROUND_TRIP_MS = [25, 90, 250];
const RECENT = 5;
/** Audio that waits in the socket and makes messages larger, in ms. */
const CROWDED_MS = 250;

export class Framing {
  /** @type {number[]} */
  #roundTrips = [];
  #crowded = 0;

  /** @param {number} ms  a ping's way there and back */
  measured(ms) {
    this.#roundTrips = [...this.#roundTrips, ms].slice(-RECENT);
    this.#crowded = Math.max(0, this.#crowded - 1);
  }

  /** @param {number} waitingMs  audio that the socket has not sent yet */
  waiting(waitingMs) {
    if (waitingMs > CROWDED_MS) this.#crowded = FRAME_MS.length - 1;
  }

  /** The median of the last round trips in ms; null before the first. */
  get roundTripMs() {
    const sorted = [...this.#roundTrips].sort((a, b) => a - b);
    return sorted.length ? sorted[sorted.length >> 1] : null;
  }

  /** The frame size that fits now, in ms. */
  get frameMs() {
    const trip = this.roundTripMs ?? ROUND_TRIP_MS[0];
    const fitting = ROUND_TRIP_MS.filter((limit) => trip >= limit).length;
    return FRAME_MS[Math.max(fitting, this.#crowded)];
  }
}
