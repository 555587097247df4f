/** The one audio context of the page: microphone and loudspeaker share its clock, so their distance can be measured. */

import { Loudspeaker } from "./loudspeaker.js";
import { Microphone } from "./microphone.js";

export class Sound {
  /** @param {AudioContext} context */
  constructor(context) {
    this.context = context;
    this.microphone = new Microphone(context);
    this.loudspeaker = new Loudspeaker(context);
    // A call or another app may take the sound card; it comes back by itself or with the next touch.
    context.addEventListener("statechange", () => this.wake());
  }

  /** Must be called from a press or a key: browsers allow sound only then. */
  static async open() {
    if (!isSecureContext) throw new DOMException("neither https nor localhost", "InsecureContext");
    if (!("AudioWorkletNode" in window)) throw new DOMException("no AudioWorklet", "NotSupportedError");
    const context = new AudioContext({ latencyHint: "interactive" });
    const modules = ["./capture.worklet.js", "./playback.worklet.js"];
    await Promise.all(modules.map((name) => context.audioWorklet.addModule(new URL(name, import.meta.url))));
    return new Sound(context);
  }

  wake() {
    if (this.context.state !== "running" && this.context.state !== "closed") {
      this.context.resume().catch(() => {});
    }
  }

  /** What the devices add, in seconds, as far as the browser knows. */
  get latency() {
    const output = (this.context.outputLatency || 0) + (this.context.baseLatency || 0);
    return { input: this.microphone.latency, output };
  }

  /** Seconds of the context's clock, as ms of `performance.now()`. @param {number} seconds */
  pageMs(seconds) {
    return performance.now() + (seconds - this.context.currentTime) * 1000;
  }

  describe() {
    const { input, output } = this.latency;
    return { sample_rate: this.context.sampleRate, input_latency_s: input, output_latency_s: output };
  }
}
