/** Runs beside the page's own thread: a hidden or busy tab plays on. The work is in queue.js. */

import { fromPcm16, level } from "./pcm.js";
import { PlaybackQueue } from "./queue.js";
import { Resampler } from "./resampler.js";

const REPORT_S = 0.05;
/** Positions are told a little longer than audio lasts, for devices that play late. */
const AFTERGLOW_S = 1;

class Playback extends AudioWorkletProcessor {
  #queue = new PlaybackQueue(sampleRate);
  #resampler = new Resampler(sampleRate, sampleRate);
  #of = "";
  #untold = 0;
  #quietFor = AFTERGLOW_S * sampleRate;
  #loudest = 0;
  #lastTurn = -1;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#obey(data);
  }

  /** @param {any} message */
  #obey(message) {
    if (message.type === "chunk") this.#take(message);
    else if (message.type === "complete") this.#queue.complete(message.turn);
    else if (message.type === "duck") this.#queue.duck(message.on);
    else if (message.type === "mute") this.#queue.muted = message.on;
    else if (message.type === "stop") this.#queue.stop();
  }

  /** @param {{turn: number, pcm: ArrayBuffer, rate: number}} chunk */
  #take({ turn, pcm, rate }) {
    if (this.#of !== `${turn}@${rate}`) this.#resampler = new Resampler(rate, sampleRate);
    this.#of = `${turn}@${rate}`;
    this.#queue.push(turn, this.#resampler.push(fromPcm16(pcm)));
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const out = outputs[0][0];
    const turn = this.#queue.turn;
    for (const event of this.#queue.pull(out)) {
      this.port.postMessage({ ...event, seconds: (currentFrame + event.offset) / sampleRate });
    }
    for (const channel of outputs[0].slice(1)) channel.set(out);
    this.#report(out, turn);
    return true;
  }

  /** @param {Float32Array} out @param {number} turn */
  #report(out, turn) {
    if (turn >= 0) this.#lastTurn = turn;
    this.#quietFor = turn >= 0 ? 0 : this.#quietFor + out.length;
    this.#untold += out.length;
    this.#loudest = Math.max(this.#loudest, level(out));
    if (this.#quietFor >= AFTERGLOW_S * sampleRate || this.#untold < REPORT_S * sampleRate) return;
    const { playedMs, queuedMs, underruns, holdMs } = this.#queue;
    this.port.postMessage({ type: "position", turn: this.#lastTurn, playedMs, queuedMs, underruns, holdMs, level: this.#loudest });
    this.#untold = this.#loudest = 0;
  }
}

registerProcessor("playback", Playback);
