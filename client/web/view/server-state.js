/** Whether the server is ready, looked at often while it is not and seldom while it is. */

import { readinessProblem } from "../core/problems.js";
import { readiness } from "../server.js";
import { byId } from "./dom.js";
import { say } from "./language.js";

const READY_MS = 15_000;
const WAKING_MS = 1500;

export class ServerState {
  #place = byId("server", HTMLElement);
  #words = byId("server-words", HTMLElement);
  /** @type {import("../core/problems.js").Problem|null|undefined} */
  #problem = undefined;
  #timer = 0;

  /** Look now, and from now on. */
  async watch() {
    clearTimeout(this.#timer);
    const problem = readinessProblem(await readiness());
    this.#problem = problem;
    this.show();
    this.#timer = window.setTimeout(() => this.watch(), problem ? WAKING_MS : READY_MS);
  }

  get ready() {
    return this.#problem === null;
  }

  show() {
    const problem = this.#problem;
    if (problem === undefined) return;
    const key = !problem ? "ready" : problem.key === "server_away" ? "away" : "waking";
    this.#place.dataset.state = key;
    const words = problem?.detail ? `${say(key)}: ${problem.detail}` : say(key);
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}
