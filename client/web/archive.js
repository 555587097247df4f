/** Past conversations as this browser remembers them, for servers that list none. */

import { read, write } from "./settings.js";

/** @typedef {import("./server.js").PastMessage} PastMessage */
/** @typedef {{id: string, title: string, updated_at: number, messages: PastMessage[]}} Remembered */

const KEY = "beautyai.past";
const SESSIONS = 20;
const MESSAGES = 100;
const TITLE = 80;

/** Newest first. @returns {Remembered[]} */
export function remembered() {
  return read(KEY, []);
}

/** @param {string} id */
export function messagesOf(id) {
  return remembered().find((session) => session.id === id)?.messages ?? [];
}

/** @param {string} id @param {PastMessage[]} messages @param {number} now  ms since 1970 */
export function remember(id, messages, now) {
  if (!id || !messages.length) return;
  const all = remembered();
  const known = all.find((session) => session.id === id) ?? { id, title: "", updated_at: now, messages: [] };
  known.messages = [...known.messages, ...messages.map((message) => ({ ...message, at: now }))].slice(-MESSAGES);
  known.title ||= messages[0].content.slice(0, TITLE);
  known.updated_at = now;
  write(KEY, [known, ...all.filter((session) => session.id !== id)].slice(0, SESSIONS));
}

/** @param {string} id */
export function forget(id) {
  write(KEY, remembered().filter((session) => session.id !== id));
}
