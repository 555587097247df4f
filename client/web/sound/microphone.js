/** The microphone, or a recording in its place, as 16 kHz PCM16 frames. */

/** @typedef {{pcm: ArrayBuffer, seconds: number, level: number, flushed: boolean}} Frame  seconds: of its first sample */

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

export class Microphone {
  #context;
  #node;
  /** @type {MediaStream|null} */
  #stream = null;
  /** @type {MediaStreamAudioSourceNode|null} */
  #source = null;
  /** @type {(frame: Frame) => void} */
  onframe = () => {};
  /** The device went away. */
  onlost = () => {};

  /** @param {AudioContext} context */
  constructor(context) {
    this.#context = context;
    this.#node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    this.#node.port.onmessage = ({ data }) => this.onframe(data);
  }

  get open() {
    return this.#stream !== null;
  }

  /** @throws {DOMException} refused, missing or busy */
  async start() {
    if (this.#stream) return;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: CONSTRAINTS });
    this.#stream = stream;
    stream.getAudioTracks()[0].addEventListener("ended", () => this.#lost());
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(this.#node);
  }

  stop() {
    this.#source?.disconnect();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = this.#source = null;
  }

  /** Send what is held of a frame now; the last one says `flushed`. */
  flush() {
    this.#node.port.postMessage({ flush: true });
  }

  /** @param {number} frameMs */
  set frameMs(frameMs) {
    this.#node.port.postMessage({ frameMs });
  }

  /** What the device adds, in seconds, where the browser tells. */
  get latency() {
    const settings = /** @type {{latency?: number}|undefined} */ (this.#stream?.getAudioTracks()[0]?.getSettings());
    return settings?.latency ?? 0;
  }

  /**
   * Play a recording into the ear of the server, as fast as it would be spoken, then a second of silence.
   * @param {ArrayBuffer} file  anything that the browser decodes
   * @param {AbortSignal} signal  ends it early
   */
  async replay(file, signal) {
    const recording = await this.#context.decodeAudioData(file);
    const padded = new AudioBuffer({
      length: recording.length + 2 * recording.sampleRate, sampleRate: recording.sampleRate, numberOfChannels: 1,
    });
    padded.copyToChannel(recording.getChannelData(0), 0, Math.round(recording.sampleRate / 4));
    const source = new AudioBufferSourceNode(this.#context, { buffer: padded });
    const ended = new Promise((resolve) => source.addEventListener("ended", resolve));
    signal.addEventListener("abort", () => source.stop());
    source.connect(this.#node);
    source.start();
    await ended;
    source.disconnect();
  }

  #lost() {
    this.stop();
    this.onlost();
  }
}
