/** Where a sample of the session's audio lies in the sound card's time. Pure. */

const SAMPLE_RATE = 16_000;
const JITTER_S = 0.001;
const KEPT = 256;

/** The session counts the samples it was sent; the sound card counts on while none are sent. */
export class SampleClock {
  /** @type {{sample: number, seconds: number}[]} */
  #anchors = [];
  #sent = 0;

  /** A connection begins: its audio counts from 0. */
  restart() {
    this.#anchors = [];
    this.#sent = 0;
  }

  /** @param {number} samples  at 16 kHz @param {number} seconds  when the first of them was recorded */
  sent(samples, seconds) {
    const expected = this.#at(this.#sent);
    if (expected === null || Math.abs(expected - seconds) > JITTER_S) {
      this.#anchors.push({ sample: this.#sent, seconds });
      if (this.#anchors.length > KEPT) this.#anchors.shift();
    }
    this.#sent += samples;
  }

  /** When the audio at `audioMs` of the session was recorded, in seconds; null where it never was. @param {number} audioMs */
  secondsAt(audioMs) {
    return this.#at((audioMs * SAMPLE_RATE) / 1000);
  }

  /** @param {number} sample */
  #at(sample) {
    const anchor = this.#anchors.findLast((known) => known.sample <= sample);
    return anchor ? anchor.seconds + (sample - anchor.sample) / SAMPLE_RATE : null;
  }
}
