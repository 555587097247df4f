/** Past conversations: the server's list, or this browser's where the server keeps none. */

import * as archive from "../archive.js";
import { forgetSession, pastMessages, pastSessions } from "../server.js";
import { sessionId } from "../settings.js";
import { byId, make } from "./dom.js";
import { interfaceLanguage, say } from "./language.js";

/** @typedef {import("../server.js").PastSession} PastSession */
/** @typedef {import("../server.js").PastMessage} PastMessage */

/** What was said in a session, as the server kept it, else as this browser did. @param {string} id @returns {Promise<PastMessage[]>} */
export async function messagesOf(id) {
  if (!id) return [];
  return (await pastMessages(id).catch(() => null)) ?? archive.messagesOf(id);
}

export class HistoryPanel {
  #dialog = byId("history", HTMLDialogElement);
  #list = byId("sessions", HTMLUListElement);
  #note = byId("history-note", HTMLElement);
  #switchTo;
  #local = false;

  /** @param {(id: string) => void} switchTo  empty: a new conversation */
  constructor(switchTo) {
    this.#switchTo = switchTo;
    byId("new-session", HTMLButtonElement).addEventListener("click", () => this.#choose(""));
  }

  async open() {
    this.#dialog.showModal();
    await this.#refresh();
  }

  async #refresh() {
    const listed = await pastSessions().catch(() => null);
    this.#local = listed === null;
    const sessions = listed ?? archive.remembered();
    this.#list.replaceChildren(...sessions.map((session) => this.#item(session)));
    this.#note.textContent = sessions.length ? (this.#local ? say("local_history") : "") : say("no_history");
  }

  /** @param {PastSession} session */
  #item(session) {
    const title = session.title || session.id;
    const when = make("small", {}, moment(session.updated_at));
    const open = make("button", { type: "button", className: "session" }, make("span", { dir: "auto" }, title), when);
    open.addEventListener("click", () => this.#choose(session.id));
    if (session.id === sessionId()) open.setAttribute("aria-current", "true");
    const remove = make("button", { type: "button", className: "quiet" }, say("delete"));
    remove.setAttribute("aria-label", `${say("delete")}: ${title}`);
    remove.addEventListener("click", () => this.#forget(session.id));
    return make("li", {}, open, remove);
  }

  /** @param {string} id */
  #choose(id) {
    this.#dialog.close();
    this.#switchTo(id);
  }

  /** @param {string} id */
  async #forget(id) {
    if (!this.#local) await forgetSession(id).catch(() => false);
    archive.forget(id);
    if (id === sessionId()) this.#switchTo("");
    await this.#refresh();
  }
}

/** @param {string|number|undefined} time  seconds or ms since 1970, or ISO 8601 */
function moment(time) {
  if (time === undefined) return "";
  const ms = typeof time === "number" ? (time < 1e11 ? time * 1000 : time) : Date.parse(time);
  if (!Number.isFinite(ms)) return "";
  return new Intl.DateTimeFormat(interfaceLanguage(), { dateStyle: "medium", timeStyle: "short" }).format(ms);
}
