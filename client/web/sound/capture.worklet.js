/** Runs beside the page's own thread: what is recorded becomes 16 kHz PCM16 frames, also in a hidden tab. */

import { level, toPcm16 } from "./pcm.js";
import { joined, Resampler } from "./resampler.js";

const SAMPLE_RATE = 16_000;

class Capture extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, SAMPLE_RATE);
  #held = new Float32Array(0);
  #frameSamples = 512;
  /** When output sample 0 would have been recorded without pauses, in seconds of the context's clock; null in a pause. */
  #began = /** @type {number|null} */ (null);
  #heard = 0;
  #made = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data.frameMs) this.#frameSamples = (data.frameMs * SAMPLE_RATE) / 1000;
      if (data.flush) this.#send(this.#held.length, true);
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const channels = inputs[0];
    if (!channels.length) return this.#paused();
    this.#began ??= (currentFrame - this.#heard) / sampleRate;
    this.#heard += channels[0].length;
    this.#held = joined(this.#held, this.#resampler.push(mono(channels)));
    while (this.#held.length >= this.#frameSamples) this.#send(this.#frameSamples, false);
    return true;
  }

  #paused() {
    this.#began = null;
    return true;
  }

  /** @param {number} samples @param {boolean} flushed */
  #send(samples, flushed) {
    const audio = this.#held.slice(0, samples);
    this.#held = this.#held.slice(samples);
    const pcm = toPcm16(audio).buffer;
    const seconds = (this.#began ?? (currentFrame - this.#heard) / sampleRate) + this.#made / SAMPLE_RATE;
    this.#made += samples;
    this.port.postMessage({ pcm, seconds, level: level(audio), flushed }, [pcm]);
  }
}

/** @param {Float32Array[]} channels */
function mono(channels) {
  if (channels.length === 1) return channels[0];
  return channels[0].map((sample, index) => (sample + channels[1][index]) / 2);
}

registerProcessor("capture", Capture);
