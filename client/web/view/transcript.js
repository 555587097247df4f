/** The conversation as it is said: one item for each turn, changed in place. */

import { isShown } from "../core/turns.js";
import { spokenCharacters } from "../core/words.js";
import { make } from "./dom.js";
import { say } from "./language.js";
import { latencyBar } from "./latency.js";

/** @typedef {import("../core/turns.js").Turn} Turn */
/** @typedef {import("../server.js").PastMessage} PastMessage */

export class Transcript {
  #list;
  /** @type {Map<string, TurnItem>} */
  #items = new Map();

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
  }

  get empty() {
    return !this.#list.childElementCount;
  }

  clear() {
    this.#items.clear();
    this.#list.replaceChildren();
  }

  /** What was said before this page was opened. @param {PastMessage[]} messages */
  showPast(messages) {
    this.clear();
    this.#list.append(...messages.map(pastItem));
    this.#follow(true);
  }

  /** @param {Turn[]} turns @param {string[]} waiting  typed words that no turn has taken */
  show(turns, waiting) {
    const near = this.#isAtEnd();
    for (const turn of turns.filter(isShown)) this.#item(turn).show(turn);
    this.#showWaiting(waiting);
    if (near) this.#follow(false);
  }

  /** @param {Turn} turn */
  #item(turn) {
    const known = this.#items.get(turn.key);
    if (known) return known;
    const item = new TurnItem();
    this.#items.set(turn.key, item);
    this.#list.append(item.element);
    return item;
  }

  /** @param {string[]} waiting */
  #showWaiting(waiting) {
    for (const old of this.#list.querySelectorAll(".waiting")) old.remove();
    for (const text of waiting) this.#list.append(make("li", { className: "turn waiting" }, paragraph("said", "you", text)));
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < 120;
  }

  /** @param {boolean} atOnce */
  #follow(atOnce) {
    const calm = atOnce || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#list.scrollTo({ top: this.#list.scrollHeight, behavior: calm ? "instant" : "smooth" });
  }
}

/** One turn on the screen. */
class TurnItem {
  #stable = make("span", { className: "stable" });
  #forming = make("span", { className: "forming" });
  #spoken = make("span", { className: "spoken" });
  #coming = make("span", { className: "coming" });
  #note = make("p", { className: "note" });
  #said = paragraph("said", "you", this.#stable, this.#forming);
  #reply = paragraph("reply", "assistant", this.#spoken, this.#coming);
  #measured = false;
  element = make("li", { className: "turn" }, this.#said, this.#reply, this.#note);

  /** @param {Turn} turn */
  show(turn) {
    const stable = turn.final ? turn.said.length : turn.stable;
    put(this.#stable, turn.said.slice(0, stable));
    put(this.#forming, turn.said.slice(stable));
    this.#said.hidden = !turn.said;
    this.#showReply(turn);
    this.#showNote(turn);
    this.#measure(turn);
  }

  /** @param {Turn} turn */
  #showReply(turn) {
    const cut = turn.reason === "interrupted";
    const text = cut ? turn.heard : turn.reply;
    const silent = !turn.pieces.length && Boolean(turn.reason);
    const spoken = cut || silent ? text.length : spokenCharacters(text, turn.pieces, turn.playedMs, turn.reason === "completed");
    put(this.#spoken, text.slice(0, spoken) + (cut && text ? "…" : ""));
    put(this.#coming, text.slice(spoken));
    this.#reply.hidden = !text;
  }

  /** @param {Turn} turn */
  #showNote(turn) {
    const told = ["interrupted", "failed", "lost"].includes(turn.reason);
    put(this.#note, told ? say(turn.reason) : "");
    this.#note.hidden = !told;
  }

  /** @param {Turn} turn */
  #measure(turn) {
    const bar = this.#measured || !turn.metrics ? null : latencyBar(turn);
    if (!bar) return;
    this.#measured = true;
    this.element.append(bar);
  }
}

/** @param {"said"|"reply"} className @param {string} who @param {(Node|string)[]} content */
function paragraph(className, who, ...content) {
  const speaker = make("span", { className: "who" }, `${say(who)}: `);
  return make("div", { className }, speaker, make("p", { dir: "auto" }, ...content));
}

/** @param {PastMessage} message */
function pastItem({ role, content }) {
  const mine = role === "user";
  return make("li", { className: "turn past" }, paragraph(mine ? "said" : "reply", mine ? "you" : "assistant", content));
}

/** Text nodes that stay the same are not touched: a selection in them survives. @param {Element} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
