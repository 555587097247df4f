/** The wire of docs/protocol.md as the page speaks it: events in, the address out. Pure: no socket. */

/**
 * @typedef {{type: "ready", session_id: string, resumed: boolean, protocol: number, settings: Object<string, any>}} Ready
 * @typedef {{type: "configured", settings: Object<string, any>}} Configured
 * @typedef {{type: "speech_started", turn: number, audio_ms: number}} SpeechStarted
 * @typedef {{type: "partial_transcript", turn: number, text: string, stable: number}} PartialTranscript
 * @typedef {{type: "speech_stopped", turn: number, audio_ms: number}} SpeechStopped
 * @typedef {{type: "final_transcript", turn: number, text: string, language: string}} FinalTranscript
 * @typedef {{type: "response_text", turn: number, delta: string}} ResponseText
 * @typedef {{type: "voice_response", turn: number, index: number, text: string, sample_rate: number,
 *   duration_ms: number, pcm?: ArrayBuffer}} VoiceResponse `pcm` is 16-bit little-endian mono
 * @typedef {{type: "duck", turn: number}} Duck
 * @typedef {{type: "unduck", turn: number}} Unduck
 * @typedef {{type: "response_done", turn: number, text: string, reason: string}} ResponseDone
 * @typedef {{type: "metrics", turn: number, [leg: string]: any}} TurnMetrics
 * @typedef {{type: "error", code: string, message: string, retryable: boolean, turn?: number|null}} ErrorReported
 * @typedef {{type: "pong", id?: string|number|null}} Pong
 * @typedef {(Ready|Configured|SpeechStarted|PartialTranscript|SpeechStopped|FinalTranscript|ResponseText|
 *   VoiceResponse|Duck|Unduck|ResponseDone|TurnMetrics|ErrorReported|Pong) & {seq: number, at_ms: number}} ServerEvent
 */

/** What the server sent is not what docs/protocol.md allows. */
export class WireError extends Error {}

/** @type {Object<string, Object<string, string>>} */
const FIELDS = {
  ready: { session_id: "string", resumed: "boolean", protocol: "number", settings: "object" },
  configured: { settings: "object" },
  speech_started: { turn: "number", audio_ms: "number" },
  partial_transcript: { turn: "number", text: "string", stable: "number" },
  speech_stopped: { turn: "number", audio_ms: "number" },
  final_transcript: { turn: "number", text: "string", language: "string" },
  response_text: { turn: "number", delta: "string" },
  voice_response: { turn: "number", index: "number", text: "string", sample_rate: "number", duration_ms: "number" },
  duck: { turn: "number" },
  unduck: { turn: "number" },
  response_done: { turn: "number", text: "string", reason: "string" },
  metrics: { turn: "number" },
  error: { code: "string", message: "string", retryable: "boolean" },
  pong: {},
};

export const EVENT_TYPES = Object.freeze(Object.keys(FIELDS));

/**
 * One text message of the server; null for a type that this page does not know (a newer server).
 * @param {string} text
 * @returns {ServerEvent|null}
 * @throws {WireError} it is no JSON object, or a field is missing or wrong
 */
export function parse(text) {
  const content = jsonObject(text);
  const fields = FIELDS[content.type];
  if (!fields) return null;
  for (const [name, kind] of Object.entries(fields)) {
    if (typeof content[name] !== kind) throw new WireError(`${content.type}: ${name} is no ${kind}`);
  }
  return /** @type {ServerEvent} */ (content);
}

/** @param {string} text @returns {Object<string, any>} */
function jsonObject(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new WireError(`not JSON: ${error}`);
  }
  if (!content || typeof content.type !== "string") throw new WireError("no JSON object with a type");
  return content;
}

/** Joins each `voice_response` with the binary message that follows it. */
export class Assembler {
  /** @type {(VoiceResponse & {seq: number, at_ms: number})|null} */
  #waiting = null;

  /**
   * The event that is complete with this message, or null.
   * @param {string|ArrayBuffer} message
   * @returns {ServerEvent|null}
   */
  push(message) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (typeof message !== "string") {
      if (!waiting) throw new WireError("audio came without a voice_response before it");
      return { ...waiting, pcm: message };
    }
    if (waiting) throw new WireError("the audio of a voice_response did not follow it");
    const event = parse(message);
    if (event?.type !== "voice_response") return event;
    this.#waiting = event;
    return null;
  }
}

/**
 * The address of the conversation beside the page, whatever the scheme and the path before it.
 * @param {string} page  the page's own address
 * @param {{language?: string, voice?: string, session_id?: string}} opening  empty values are left out
 */
export function address(page, opening) {
  const url = new URL("ws/voice-conversation", page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = url.hash = "";
  for (const [name, value] of Object.entries({ ...opening, output: "binary" })) {
    if (value) url.searchParams.set(name, value);
  }
  return url.href;
}
