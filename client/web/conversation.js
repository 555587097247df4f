/** A conversation: ears, wire and voice joined. It knows no screen; whoever shows it listens to its events. */

import { remember } from "./archive.js";
import { Connection } from "./connection.js";
import { SampleClock } from "./core/clock.js";
import { Framing } from "./core/framing.js";
import { microphoneProblem, serverProblem } from "./core/problems.js";
import { Trace } from "./core/trace.js";
import { activity, mark, Turns } from "./core/turns.js";
import { choices, choose, rememberSession, sessionId, sessionSettings } from "./settings.js";
import { Sound } from "./sound/audio.js";

/** @typedef {import("./core/wire.js").ServerEvent} ServerEvent */
/** @typedef {import("./core/problems.js").Problem} Problem */
/** @typedef {import("./core/turns.js").Turn} Turn */

const BYTES_PER_MS = 32;
const PING_MS = 3000;
const REPORT_MS = 100;

/**
 * Events: `change` (anything to show), `level` (mic and reply, 0 to 1), `wire` (an entry of the trace), `said` and
 * `answered` (a turn, in detail), `resumed`.
 */
export class Conversation extends EventTarget {
  turns = new Turns();
  trace = new Trace();
  framing = new Framing();
  /** @type {Problem|null} */
  problem = null;
  micLevel = 0;
  replyLevel = 0;
  listening = false;
  /** Push-to-talk: the button is held. */
  held = false;
  underruns = 0;
  /** @type {Promise<Sound>|null} */
  #opening = null;
  /** @type {Sound|null} */
  sound = null;
  #clock = new SampleClock();
  #reportedAt = 0;
  #reportedMs = 0;
  #frameMs = 0;
  #commitWhenFlushed = false;
  /** @type {Map<number, number>} */
  #pings = new Map();
  /** When the last word of each turn was recorded, in seconds of the sound card's clock. @type {Map<string, number>} */
  #voicedEnds = new Map();
  /** @type {string[]} */
  #unsent = [];

  constructor() {
    super();
    this.connection = new Connection(() => ({ ...pick(choices()), session_id: sessionId() }));
    this.connection.onevent = (event) => this.#receive(event);
    this.connection.onstate = (problem) => this.#connectionChanged(problem);
    setInterval(() => this.#ping(), PING_MS);
  }

  get activity() {
    return activity(this.turns);
  }

  get pushToTalk() {
    return choices().mode === "push_to_talk";
  }

  /** Open the microphone and the connection; must be called from a press or a key. */
  async listen() {
    this.#show(null);
    this.connection.open();
    try {
      const sound = await this.#openSound();
      await sound.microphone.start();
      this.listening = true;
    } catch (error) {
      this.#show(microphoneProblem(error instanceof DOMException ? error.name : String(error)));
    }
    this.#changed();
  }

  /** Close the microphone; the conversation stays open for typed turns. */
  rest() {
    if (this.listening && this.activity === "hearing") this.#send({ type: "commit" }); // no silence will come to end it
    this.sound?.microphone.stop();
    this.listening = this.held = false;
    this.micLevel = 0;
    this.#changed();
  }

  /** A typed turn. @param {string} text */
  async say(text) {
    this.#show(null);
    this.sound?.loudspeaker.stop();
    this.turns.typed(text);
    if (!this.#send({ type: "text", text })) this.#unsent.push(text);
    this.connection.open();
    this.#changed();
    await this.#openSound().catch((error) => this.#show(microphoneProblem(error.name)));
  }

  /** Stop the reply. */
  interrupt() {
    this.sound?.loudspeaker.stop();
    this.#send({ type: "interrupt" });
  }

  /** Push-to-talk: the button went down. */
  async press() {
    this.held = true;
    if (this.activity === "speaking") this.interrupt();
    if (!this.listening) await this.listen();
    this.#changed();
  }

  /** Push-to-talk: the button came up; what was said is sent to its last sample, then the turn ends. */
  release() {
    if (!this.held) return;
    this.#commitWhenFlushed = this.listening;
    this.sound?.microphone.flush();
    if (!this.listening) this.held = false;
    this.#changed();
  }

  /** @param {ArrayBuffer} file  a recording to speak @param {AbortSignal} signal */
  async replay(file, signal) {
    this.connection.open();
    const sound = await this.#openSound();
    await sound.microphone.replay(file, signal);
  }

  /** The choices changed. */
  reconfigure() {
    this.sound?.loudspeaker.mute(!choices().aloud);
    this.#send({ type: "configure", ...sessionSettings(choices()) });
    this.#changed();
  }

  /** Go on with another session, or begin a new one. @param {string} id  empty: a new one */
  switchTo(id) {
    const open = this.connection.state !== "closed";
    this.sound?.loudspeaker.stop();
    this.connection.close();
    rememberSession(id);
    this.turns = new Turns();
    this.#show(null);
    if (open) this.connection.open();
    this.#changed();
  }

  document() {
    const about = { session: sessionId(), turns: this.turns.all, sound: this.sound?.describe() ?? {} };
    return this.trace.document({ ...about, agent: navigator.userAgent, at: new Date().toISOString() });
  }

  async #openSound() {
    this.#opening ??= Sound.open();
    const sound = await this.#opening.catch((error) => {
      this.#opening = null;
      throw error;
    });
    if (!this.sound) this.#wire(sound);
    sound.wake();
    return sound;
  }

  /** @param {Sound} sound */
  #wire(sound) {
    this.sound = sound;
    sound.loudspeaker.mute(!choices().aloud);
    sound.loudspeaker.onmessage = (message) => (message.type === "position" ? this.#moved(message) : this.#bounded(message));
    sound.microphone.onframe = (frame) => this.#recorded(frame);
    sound.microphone.onlost = () => {
      this.rest();
      this.#show({ key: "microphone_lost", action: "retry_microphone" });
    };
  }

  /** @param {import("./sound/microphone.js").Frame} frame */
  #recorded({ pcm, seconds, level, flushed }) {
    const silent = this.pushToTalk && this.listening && !this.held;
    const audio = silent ? new ArrayBuffer(pcm.byteLength) : pcm;
    this.micLevel = silent ? 0 : level;
    if (audio.byteLength && this.#send(audio)) this.#clock.sent(audio.byteLength / 2, seconds);
    if (flushed && this.#commitWhenFlushed) this.#commit();
    this.#fitFrames();
    this.dispatchEvent(new Event("level"));
  }

  #commit() {
    this.#commitWhenFlushed = this.held = false;
    this.#send({ type: "commit" });
    this.#changed();
  }

  #fitFrames() {
    this.framing.waiting(this.connection.waitingBytes / BYTES_PER_MS);
    const { frameMs } = this.framing;
    if (frameMs === this.#frameMs || !this.sound) return;
    this.#frameMs = this.sound.microphone.frameMs = frameMs;
  }

  #ping() {
    if (this.connection.state !== "open") return;
    const id = Math.round(performance.now());
    if (this.#send({ type: "ping", id })) this.#pings.set(id, performance.now());
  }

  /** Whether it was sent. @param {Object<string, any>|ArrayBuffer} message */
  #send(message) {
    const sent = this.connection.send(message);
    if (!sent) return false;
    if (message instanceof ArrayBuffer) this.trace.audioSentMs += message.byteLength / BYTES_PER_MS;
    else this.#traced("page", message);
    return true;
  }

  /** @param {"server"|"page"} from @param {Object<string, any>} message */
  #traced(from, message) {
    const entry = this.trace.add(from, message, performance.now());
    this.dispatchEvent(new CustomEvent("wire", { detail: entry }));
  }

  /** @param {ServerEvent} event */
  #receive(event) {
    const now = performance.now();
    this.#traced("server", event);
    if (event.type === "ready") this.#ready(event);
    else if (event.type === "pong") this.#measure(Number(event.id), now);
    else if (event.type === "error") this.#show(serverProblem(event));
    const turn = this.turns.receive(event, now);
    if (turn) this.#act(turn, event);
    this.#changed();
  }

  /** @param {import("./core/wire.js").Ready} ready */
  #ready({ session_id, resumed }) {
    const again = this.turns.all.length > 0;
    this.turns.connected();
    this.#clock.restart();
    this.sound?.loudspeaker.restart();
    rememberSession(session_id);
    this.#send({ type: "configure", ...sessionSettings(choices()) });
    this.#ping();
    for (const text of this.#unsent.splice(0)) {
      this.turns.typed(text);
      this.#send({ type: "text", text });
    }
    if (again) this.dispatchEvent(new CustomEvent("resumed", { detail: resumed }));
  }

  /** @param {number} id @param {number} now */
  #measure(id, now) {
    const sentAt = this.#pings.get(id);
    this.#pings.delete(id);
    if (sentAt !== undefined) this.framing.measured(now - sentAt);
  }

  /** @param {Turn} turn @param {ServerEvent} event */
  #act(turn, event) {
    const speaker = this.sound?.loudspeaker;
    if (event.type === "voice_response" && event.pcm) speaker?.play(event.turn, event.pcm, event.sample_rate);
    else if (event.type === "duck" || event.type === "unduck") speaker?.duck(event.type === "duck");
    else if (event.type === "speech_stopped") this.#spoken(turn, event.audio_ms);
    else if (event.type === "final_transcript") this.#tell("said", turn);
    else if (event.type === "response_done") this.#done(turn, event);
  }

  /** @param {Turn} turn @param {number} audioMs */
  #spoken(turn, audioMs) {
    const seconds = this.#clock.secondsAt(audioMs);
    if (seconds === null || !this.sound) return;
    this.#voicedEnds.set(turn.key, seconds);
    mark(turn, "voiced_end", this.sound.pageMs(seconds));
  }

  /** @param {Turn} turn @param {import("./core/wire.js").ResponseDone} done */
  #done(turn, { reason }) {
    const speaker = this.sound?.loudspeaker;
    if (reason === "interrupted" || reason === "failed") speaker?.stop();
    else speaker?.complete(turn.number);
    speaker?.duck(false);
    this.#archive(turn);
    this.#tell("answered", turn);
  }

  /** @param {Turn} turn */
  #archive(turn) {
    const cut = turn.reason !== "completed";
    const messages = [{ role: "user", content: turn.said }, { role: "assistant", content: cut ? turn.heard : turn.reply, cut }];
    remember(sessionId(), messages.filter(({ content }) => content), Date.now());
  }

  /** @param {string} name @param {Turn} turn */
  #tell(name, turn) {
    this.dispatchEvent(new CustomEvent(name, { detail: turn }));
  }

  /** @param {import("./sound/loudspeaker.js").Position} position */
  #moved({ turn: number, playedMs, level, underruns }) {
    const turn = this.turns.of(number);
    this.replyLevel = turn?.playing ? level : 0;
    this.underruns = underruns;
    this.dispatchEvent(new Event("level"));
    if (!turn) return;
    const heardMs = Math.max(0, playedMs - 1000 * (this.sound?.latency.output ?? 0));
    const moved = heardMs > turn.playedMs;
    turn.playedMs = Math.max(turn.playedMs, heardMs);
    this.#report(turn);
    if (moved) this.#changed();
  }

  /** @param {Turn} turn */
  #report(turn) {
    const now = performance.now();
    if (turn.reason || now - this.#reportedAt < REPORT_MS || turn.playedMs === this.#reportedMs) return;
    this.#reportedAt = now;
    this.#reportedMs = turn.playedMs;
    this.#send({ type: "playback", turn: turn.number, played_ms: Math.round(turn.playedMs) });
  }

  /** @param {import("./sound/loudspeaker.js").Boundary} boundary */
  #bounded({ type, turn: number, seconds, playedMs }) {
    const turn = this.turns.of(number);
    if (!turn || !this.sound) return;
    const { input, output } = this.sound.latency;
    for (const other of this.turns.all) other.playing = false;
    turn.playing = type === "started";
    mark(turn, turn.playing ? "audible" : "silent", this.sound.pageMs(seconds + output));
    const spokenAt = this.#voicedEnds.get(turn.key);
    if (turn.playing && spokenAt !== undefined) turn.mouthToEarMs = 1000 * (seconds + output - spokenAt + input);
    if (!turn.playing && !turn.heard) turn.playedMs = Math.max(turn.playedMs, playedMs);
    this.#changed();
  }

  /** @param {Problem|null} problem */
  #connectionChanged(problem) {
    const { state } = this.connection;
    if (problem?.key === "setting_refused") choose({ voice: "", language: "auto", session: {} });
    if (problem) this.problem = problem;
    else if (state === "open") this.problem = null;
    if (state === "waiting" || state === "closed") this.#disconnected();
    this.#changed();
  }

  /** What is in the loudspeaker already may still be heard. */
  #disconnected() {
    const { last } = this.turns;
    if (last) this.sound?.loudspeaker.complete(last.number);
    this.turns.disconnected();
  }

  /** @param {Problem|null} problem */
  #show(problem) {
    this.problem = problem;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {import("./settings.js").Choices} chosen */
function pick({ language, voice }) {
  return { language, voice };
}
