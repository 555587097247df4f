/** What went wrong, as a key that strings.js explains in words with what to do. Pure. */

/** @typedef {{key: string, detail?: string, action?: "retry_microphone"|"retry_connection"|"new_session"}} Problem */

/** @type {Object<string, string>} */
const MICROPHONE = {
  NotAllowedError: "microphone_refused",
  SecurityError: "microphone_refused",
  NotFoundError: "microphone_missing",
  OverconstrainedError: "microphone_missing",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
  InsecureContext: "insecure_page",
  NotSupportedError: "browser_old",
};

/** Why the microphone, or sound at all, did not open. @param {string} name  of the DOMException @returns {Problem} */
export function microphoneProblem(name) {
  return { key: MICROPHONE[name] ?? "microphone_failed", detail: MICROPHONE[name] ? "" : name, action: "retry_microphone" };
}

/** @type {Object<string, string>} */
const SERVER = {
  overloaded: "server_full",
  backend_lost: "model_down",
  inference_failed: "model_failed",
  inference_timeout: "model_slow",
  inference_refused: "model_refused",
  bad_audio: "bad_audio",
};

/** An error message of the server; its own words are kept beside ours. @param {{code: string, message: string}} error @returns {Problem} */
export function serverProblem({ code, message }) {
  if (code === "bad_message" && message.startsWith("commit")) return { key: "nothing_heard" };
  return { key: SERVER[code] ?? "server_error", detail: message };
}

/**
 * What `/ready` says: null when all is well, else which models are missing.
 * @param {{ready?: boolean, models?: Object<string, {ready: boolean}>}|null} state  null: no answer
 * @returns {Problem|null}
 */
export function readinessProblem(state) {
  if (!state) return { key: "server_away", action: "retry_connection" };
  if (state.ready) return null;
  const down = Object.entries(state.models ?? {}).filter(([, model]) => !model.ready).map(([name]) => name);
  return { key: "not_ready", detail: down.join(", ") };
}
