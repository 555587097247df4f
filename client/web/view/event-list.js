/** The wire as it happens, newest last. */

import { byId, make } from "./dom.js";

/** @typedef {import("../core/trace.js").Entry} Entry */

const SHOWN = 400;

export class EventList {
  #list = byId("events", HTMLOListElement);
  #filter = byId("filter", HTMLInputElement);
  #hold = byId("hold", HTMLInputElement);
  #entries;

  /** @param {() => Entry[]} entries  all that are known */
  constructor(entries) {
    this.#entries = entries;
    this.#filter.addEventListener("input", () => this.#showAll());
    this.#hold.addEventListener("change", () => this.#showAll());
  }

  /** @param {Entry} entry */
  add(entry) {
    if (this.#hold.checked || !this.#fits(entry)) return;
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    const atEnd = scrollHeight - scrollTop - clientHeight < 40;
    this.#list.append(item(entry));
    while (this.#list.childElementCount > SHOWN) this.#list.firstElementChild?.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #showAll() {
    if (this.#hold.checked) return;
    this.#list.replaceChildren(...this.#entries().filter((entry) => this.#fits(entry)).slice(-SHOWN).map(item));
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** @param {Entry} entry */
  #fits({ message }) {
    const wanted = this.#filter.value.trim().toLowerCase();
    return !wanted || JSON.stringify(message).toLowerCase().includes(wanted);
  }
}

/** @param {Entry} entry */
function item({ at_ms, from, message }) {
  const { type, seq, at_ms: _sent, ...rest } = message;
  const arrow = make("span", { title: `from the ${from}` }, from === "server" ? "↓" : "↑");
  return make("li", { className: type },
    make("span", { className: "at" }, (at_ms / 1000).toFixed(3)), arrow, make("span", { className: "kind" }, type),
    make("span", { className: "body" }, JSON.stringify(rest)));
}
