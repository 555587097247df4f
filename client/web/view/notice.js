/** What went wrong and what to do about it, above everything else; and words for those who listen to the page. */

import { make } from "./dom.js";
import { say } from "./language.js";

/** @typedef {import("../core/problems.js").Problem} Problem */

export class Notice {
  #box;
  #actions;
  #shown = "";

  /** @param {HTMLElement} box  role=alert @param {Object<string, () => void>} actions  by the problem's `action` */
  constructor(box, actions) {
    this.#box = box;
    this.#actions = actions;
  }

  /** @param {Problem|null} problem */
  show(problem) {
    const key = problem ? `${problem.key} ${problem.detail ?? ""}` : "";
    if (key === this.#shown) return;
    this.#shown = key;
    this.#box.replaceChildren(...(problem ? this.#content(problem) : []));
    this.#box.hidden = !problem;
  }

  /** @param {Problem} problem */
  #content({ key, detail, action }) {
    const words = make("p", {}, say(key));
    if (detail) words.append(" ", make("bdi", { className: "detail" }, detail));
    const dismiss = make("button", { type: "button", className: "quiet", onclick: () => this.show(null) }, say("dismiss"));
    if (!action) return [words, dismiss];
    return [words, make("button", { type: "button", onclick: this.#actions[action] }, say(action)), dismiss];
  }
}

const KEPT = 6;

/** Said by screen readers when they have time. The reply is not: it is heard already, unless it is not played. */
export class Announcer {
  #log;

  /** @param {HTMLElement} log  role=log */
  constructor(log) {
    this.#log = log;
  }

  /** @param {string} words */
  announce(words) {
    this.#log.append(make("p", { dir: "auto" }, words));
    while (this.#log.childElementCount > KEPT) this.#log.firstElementChild?.remove();
  }
}
