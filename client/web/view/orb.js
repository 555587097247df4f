/** The one button: it shows what the conversation does and how loud it is, and is pressed or held. */

import { say } from "./language.js";

/** @typedef {import("../conversation.js").Conversation} Conversation */

export class Orb {
  #button;
  #status;
  #conversation;

  /** @param {HTMLButtonElement} button @param {HTMLElement} status @param {Conversation} conversation */
  constructor(button, status, conversation) {
    this.#button = button;
    this.#status = status;
    this.#conversation = conversation;
    this.#listen();
    conversation.addEventListener("change", () => this.show());
    conversation.addEventListener("level", () => this.#showLevel());
  }

  show() {
    const state = this.#state();
    const { listening, pushToTalk } = this.#conversation;
    this.#button.dataset.state = state;
    this.#button.dataset.mode = pushToTalk ? "push" : "free";
    this.#button.setAttribute("aria-label", say(this.#deed(state)));
    this.#button.setAttribute("aria-pressed", String(pushToTalk ? this.#conversation.held : listening));
    const words = say(state === "idle" && pushToTalk ? "idle_hold" : state);
    if (this.#status.textContent !== words) this.#status.textContent = words;
  }

  /** @returns {string} a key of strings.js */
  #state() {
    const { activity, listening, held, pushToTalk, connection } = this.#conversation;
    if (held) return "holding";
    if (listening && connection.state !== "open") return "opening";
    if (activity === "speaking" || activity === "thinking") return activity;
    if (!listening || pushToTalk) return "idle";
    return activity === "hearing" ? "hearing" : "listening";
  }

  /** @param {string} state */
  #deed(state) {
    if (this.#conversation.pushToTalk) return "hold";
    if (state === "speaking") return "stop_reply";
    return this.#conversation.listening ? "stop" : "start";
  }

  #showLevel() {
    const { micLevel, replyLevel, activity } = this.#conversation;
    const shown = activity === "speaking" ? replyLevel : micLevel;
    this.#button.style.setProperty("--level", shown.toFixed(2));
  }

  #listen() {
    const button = this.#button;
    button.addEventListener("click", () => this.#clicked());
    button.addEventListener("pointerdown", (event) => this.#pressed(event));
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
      button.addEventListener(type, () => this.#conversation.release());
    }
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    addEventListener("keydown", (event) => this.#key(event, true));
    addEventListener("keyup", (event) => this.#key(event, false));
    addEventListener("blur", () => this.#conversation.release());
  }

  #clicked() {
    const conversation = this.#conversation;
    if (conversation.pushToTalk) return;
    if (conversation.activity === "speaking") conversation.interrupt();
    else if (conversation.listening) conversation.rest();
    else conversation.listen();
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    if (!this.#conversation.pushToTalk || event.button !== 0) return;
    this.#button.setPointerCapture(event.pointerId);
    this.#conversation.press();
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  #key(event, down) {
    if (event.key === "Escape" && down && this.#conversation.activity === "speaking") this.#conversation.interrupt();
    const talks = event.key === " " || (event.key === "Enter" && document.activeElement === this.#button);
    if (!talks || !this.#conversation.pushToTalk || !this.#isFree()) return;
    event.preventDefault();
    if (!down) this.#conversation.release();
    else if (!event.repeat) this.#conversation.press();
  }

  /** The space bar talks unless it would press or write something else. */
  #isFree() {
    return document.activeElement === this.#button || document.activeElement === document.body;
  }
}
