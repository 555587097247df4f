/** The server's HTTP side. What a server does not have (404) is null, and the page does without. */

import { access } from "./access.js";

/**
 * @typedef {{name: string, language: string, gender?: string|null}} Voice
 * @typedef {{id: string, title: string|null, created_at?: string|number, updated_at?: string|number, message_count?: number}} PastSession
 * @typedef {{role: string, content: string, at?: string|number, cut?: boolean}} PastMessage
 * @typedef {{ready: boolean, models: Object<string, {ready: boolean, error?: string|null,
 *   last_success_seconds_ago?: number|null}>}} Readiness
 */

const PATIENCE_MS = 5000;

/** A key is wanted, or another one. */
export class KeyWanted extends Error {}

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init = {}) {
  const headers = { ...access.headers(), ...init.headers };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(new URL(path, document.baseURI), { cache: "no-store", signal, ...init, headers });
  if (answer.status === 401 || answer.status === 403) throw new KeyWanted(path);
  return answer;
}

/** @param {string} path @returns {Promise<any>} null where there is no such thing */
async function json(path) {
  const answer = await ask(path);
  return answer.ok ? answer.json() : null;
}

/** Also while it is not ready; null where nothing answers. @returns {Promise<Readiness|null>} */
export async function readiness() {
  try {
    return await (await ask("ready")).json();
  } catch {
    return null;
  }
}

export async function metrics() {
  const answer = await ask("metrics");
  return answer.ok ? answer.text() : "";
}

/** @returns {Promise<Voice[]|null>} */
export async function voices() {
  return (await json("api/v1/voice/voices").catch(() => null))?.voices ?? null;
}

/** @returns {Promise<PastSession[]|null>} */
export async function pastSessions() {
  return (await json("sessions"))?.sessions ?? null;
}

/** @param {string} id @returns {Promise<PastMessage[]|null>} */
export async function pastMessages(id) {
  return (await json(`sessions/${encodeURIComponent(id)}`))?.messages ?? null;
}

/** @param {string} id */
export async function forgetSession(id) {
  const answer = await ask(`sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
  return answer.ok;
}

/** A ticket opens one WebSocket. @returns {Promise<string>} empty where the server needs none */
export async function ticket() {
  const answer = await ask("access/tickets", { method: "POST" });
  return answer.ok ? (await answer.json()).ticket : "";
}
