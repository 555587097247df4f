/** Sample rate conversion of a stream by windowed sinc, in any chunks. Pure: worklets and tests share it. */

const ZERO_CROSSINGS = 10;
const STEPS = 256;

/** Half of the symmetric kernel sinc(x) * Blackman, for x of [0, ZERO_CROSSINGS], STEPS values for each crossing. */
const KERNEL = Float32Array.from({ length: ZERO_CROSSINGS * STEPS + 2 }, (_, index) => kernel(index / STEPS));

/** @param {number} x */
function kernel(x) {
  if (x === 0) return 1;
  if (x >= ZERO_CROSSINGS) return 0;
  const turn = Math.PI * x;
  const phase = turn / ZERO_CROSSINGS;
  return (Math.sin(turn) / turn) * (0.42 + 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase));
}

/** Output sample k lies exactly at input sample k * fromHz / toHz; chunked and whole conversion are the same. */
export class Resampler {
  #step;
  #cutoff;
  #reach;
  #held = new Float32Array(0);
  /** Input index of the first held sample, and of the next output. */
  #heldAt = 0;
  #made = 0;

  /** @param {number} fromHz @param {number} toHz */
  constructor(fromHz, toHz) {
    this.#step = fromHz / toHz;
    this.#cutoff = Math.min(1, toHz / fromHz);
    this.#reach = fromHz === toHz ? 0 : Math.ceil(ZERO_CROSSINGS / this.#cutoff);
  }

  /** What can be made now. @param {Float32Array} chunk @returns {Float32Array} */
  push(chunk) {
    if (!this.#reach) return chunk;
    this.#held = joined(this.#held, chunk);
    const last = this.#heldAt + this.#held.length - 1 - this.#reach;
    const count = Math.max(0, Math.floor(last / this.#step) - this.#made + 1);
    const out = Float32Array.from({ length: count }, (_, index) => this.#sampleAt((this.#made + index) * this.#step));
    this.#made += count;
    this.#forget();
    return out;
  }

  /** The rest, as if silence followed. @returns {Float32Array} */
  flush() {
    return this.push(new Float32Array(this.#reach));
  }

  /** @param {number} position  in input samples */
  #sampleAt(position) {
    const first = Math.max(this.#heldAt, Math.ceil(position - this.#reach));
    const last = Math.min(this.#heldAt + this.#held.length - 1, Math.floor(position + this.#reach));
    let sum = 0;
    for (let index = first; index <= last; index += 1) {
      const at = Math.abs(index - position) * this.#cutoff * STEPS;
      const low = at | 0;
      if (low >= KERNEL.length - 1) continue;
      sum += this.#held[index - this.#heldAt] * (KERNEL[low] + (at - low) * (KERNEL[low + 1] - KERNEL[low]));
    }
    return sum * this.#cutoff;
  }

  #forget() {
    const needed = Math.ceil(this.#made * this.#step) - this.#reach;
    const drop = Math.min(this.#held.length, Math.max(0, needed - this.#heldAt));
    this.#held = this.#held.slice(drop);
    this.#heldAt += drop;
  }
}

/** @param {Float32Array} a @param {Float32Array} b */
export function joined(a, b) {
  if (!a.length) return b.slice();
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
