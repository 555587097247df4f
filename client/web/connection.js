/** One WebSocket at a time, opened again when it breaks; the session goes on under its id. */

import { access } from "./access.js";
import { afterClose } from "./core/reconnect.js";
import { address, Assembler } from "./core/wire.js";
import { KeyWanted, readiness, ticket } from "./server.js";

/** @typedef {import("./core/wire.js").ServerEvent} ServerEvent */
/** @typedef {import("./core/problems.js").Problem} Problem */
/** @typedef {{language: string, voice: string, session_id: string}} Opening */
/** @typedef {"closed"|"connecting"|"open"|"waiting"} State */

const OPEN_MS = 10_000;

export class Connection {
  /** @type {WebSocket|null} */
  #socket = null;
  #attempts = 0;
  #timer = 0;
  #wanted = false;
  #opening;
  /** @type {State} */
  state = "closed";
  /** @type {(event: ServerEvent) => void} */
  onevent = () => {};
  /** @type {(problem: Problem|null) => void} the connection's state changed, and why */
  onstate = () => {};

  /** @param {() => Opening} opening  asked anew for each connection */
  constructor(opening) {
    this.#opening = opening;
    addEventListener("online", () => this.#again());
  }

  open() {
    this.#wanted = true;
    if (this.state === "closed") this.#connect();
    else this.#again();
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
    this.#drop();
    this.#become("closed", null);
  }

  get waitingBytes() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Whether it was sent. @param {Object<string, any>|ArrayBuffer} message */
  send(message) {
    if (this.state !== "open" || !this.#socket) return false;
    this.#socket.send(message instanceof ArrayBuffer ? message : JSON.stringify(message));
    return true;
  }

  /** What waits for its next try need not wait any longer. */
  #again() {
    if (this.state === "waiting") this.#connect();
  }

  async #connect() {
    clearTimeout(this.#timer);
    this.#become("connecting", null);
    const protocols = await this.#protocols();
    if (protocols && this.#wanted && this.state === "connecting") this.#dial(protocols);
  }

  /** The subprotocols that carry a ticket, none without a key; null where a key is wanted. @returns {Promise<string[]|null>} */
  async #protocols() {
    if (!access.key) return [];
    try {
      const one = await ticket();
      return one ? ["beautyai", `beautyai.ticket.${one}`] : [];
    } catch (error) {
      if (error instanceof KeyWanted) this.#stop({ key: "key_wrong" });
      else this.#retry();
      return null;
    }
  }

  /** @param {string[]} protocols */
  #dial(protocols) {
    const socket = new WebSocket(address(document.baseURI, this.#opening()), protocols);
    const assembler = new Assembler();
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#timer = window.setTimeout(() => socket.close(), OPEN_MS);
    socket.onmessage = ({ data }) => this.#receive(assembler.push(data));
    socket.onclose = ({ code, reason }) => {
      if (this.#socket === socket) this.#closed(code, reason);
    };
  }

  /** @param {ServerEvent|null} event */
  #receive(event) {
    if (event?.type === "ready") {
      clearTimeout(this.#timer);
      this.#attempts = 0;
      this.#become("open", null);
    }
    if (event) this.onevent(event);
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    const opened = this.state === "open";
    this.#drop();
    const next = afterClose({ code, reason, opened, attempts: this.#attempts, jitter: Math.random() });
    if (next.action === "retry") this.#wait(next.delayMs, { key: "connection_lost" });
    else if (next.action === "probe") this.#probe();
    else this.#stop(stopProblem(next.action, reason));
  }

  /** The upgrade was refused. Which of the reasons it is, plain requests can tell. */
  async #probe() {
    this.#become("connecting", null);
    const state = await readiness();
    if (!state) return this.#retry();
    try {
      await ticket();
    } catch (error) {
      if (error instanceof KeyWanted) return this.#stop({ key: access.key ? "key_wrong" : "key_wanted" });
    }
    this.#retry({ key: "server_full" });
  }

  /** @param {Problem} problem */
  #retry(problem = { key: "connection_lost" }) {
    const next = afterClose({ code: 1006, reason: "", opened: true, attempts: this.#attempts, jitter: Math.random() });
    if (next.action === "retry") this.#wait(next.delayMs, problem);
  }

  /** @param {number} delayMs @param {Problem} problem */
  #wait(delayMs, problem) {
    if (!this.#wanted) return;
    this.#attempts += 1;
    this.#become("waiting", problem);
    this.#timer = window.setTimeout(() => this.#connect(), delayMs);
  }

  /** @param {Problem|null} problem */
  #stop(problem) {
    this.#wanted = false;
    this.#drop();
    this.#become("closed", problem);
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#socket = null;
  }

  /** @param {State} state @param {Problem|null} problem */
  #become(state, problem) {
    this.state = state;
    this.onstate(problem);
  }
}

/** @param {"ask_key"|"drop_voice"|"stop"} action @param {string} reason @returns {Problem|null} */
function stopProblem(action, reason) {
  if (action === "ask_key") return { key: access.key ? "key_wrong" : "key_wanted" };
  if (action === "drop_voice") return { key: "setting_refused" };
  return reason ? { key: "connection_ended", detail: reason, action: "retry_connection" } : null;
}
