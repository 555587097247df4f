/** What the person chose, kept in this browser. */

/**
 * @typedef {Object} Choices
 * @property {string} language  of the conversation: `auto`, or a code such as `en`
 * @property {string} voice  empty: the language's first
 * @property {"hands_free"|"push_to_talk"} mode
 * @property {boolean} aloud  play replies
 * @property {"en"|"ar"|""} interface  empty: the browser's language
 * @property {Object<string, any>} session  further session settings of docs/protocol.md, edited at /debug
 */

const KEY = "beautyai.choices";
const SESSION_KEY = "beautyai.session";

/** @type {Choices} */
const DEFAULTS = { language: "auto", voice: "", mode: "hands_free", aloud: true, interface: "", session: {} };

/** @returns {Choices} */
export function choices() {
  return { ...DEFAULTS, ...read(KEY, {}) };
}

/** @param {Partial<Choices>} changes */
export function choose(changes) {
  write(KEY, { ...choices(), ...changes });
}

/** What the server is told of the choices: session settings. @param {Choices} chosen */
export function sessionSettings(chosen) {
  const { language, voice, mode, session } = chosen;
  const end_by = mode === "push_to_talk" ? "commit" : "silence";
  return { ...session, language, voice: voice || null, turn_taking: { ...session.turn_taking, end_by } };
}

/** The session that this browser goes on with; empty before the first. */
export function sessionId() {
  return String(read(SESSION_KEY, ""));
}

/** @param {string} id */
export function rememberSession(id) {
  write(SESSION_KEY, id);
}

/** A private window may refuse to store anything: then it is kept while the page lives. @type {Map<string, string>} */
const unstored = new Map();

/** @param {string} key @param {any} otherwise */
export function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? unstored.get(key) ?? "null") ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {string} key @param {any} value */
export function write(key, value) {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
  } catch {
    unstored.set(key, text);
  }
}
