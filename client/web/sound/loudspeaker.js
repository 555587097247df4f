/** The reply's way to the ear; the work is in the worklet, this is its address. */

/**
 * @typedef {{type: "position", turn: number, playedMs: number, queuedMs: number, underruns: number, holdMs: number,
 *   level: number}} Position
 * @typedef {{type: "started"|"ended", turn: number, playedMs: number, seconds: number}} Boundary
 */

export class Loudspeaker {
  #port;
  #current = -1;
  #stopped = -1;
  /** @type {(message: Position|Boundary) => void} */
  onmessage = () => {};

  /** @param {AudioContext} context */
  constructor(context) {
    const options = { numberOfInputs: 0, outputChannelCount: [1] };
    const node = new AudioWorkletNode(context, "playback", options);
    node.connect(context.destination);
    this.#port = node.port;
    this.#port.onmessage = ({ data }) => this.onmessage(data);
  }

  /** A connection begins: turns count from 1 again. */
  restart() {
    this.#current = this.#stopped = -1;
  }

  /** @param {number} turn @param {ArrayBuffer} pcm  16-bit little-endian mono @param {number} rate  Hz */
  play(turn, pcm, rate) {
    if (turn <= this.#stopped) return; // was on its way when the reply was stopped
    this.#current = turn;
    this.#port.postMessage({ type: "chunk", turn, pcm, rate }, [pcm]);
  }

  /** No more audio comes for this turn. @param {number} turn */
  complete(turn) {
    this.#port.postMessage({ type: "complete", turn });
  }

  /** @param {boolean} on */
  duck(on) {
    this.#port.postMessage({ type: "duck", on });
  }

  /** @param {boolean} on */
  mute(on) {
    this.#port.postMessage({ type: "mute", on });
  }

  /** Fall silent at once, and let nothing more of this reply in. */
  stop() {
    this.#stopped = this.#current;
    this.#port.postMessage({ type: "stop" });
  }
}
