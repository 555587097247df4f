/** The debug page: the same conversation, with everything of it in sight. */

import { Conversation } from "./conversation.js";
import { choices, choose } from "./settings.js";
import { byId, make } from "./view/dom.js";
import { EventList } from "./view/event-list.js";
import { FiguresView } from "./view/figures-view.js";
import { Notice } from "./view/notice.js";
import { ServerState } from "./view/server-state.js";
import { timeline } from "./view/timeline.js";

const TURNS = 20;

const conversation = new Conversation();
const events = new EventList(() => conversation.trace.entries);
const notice = new Notice(byId("notice", HTMLElement), {
  retry_microphone: () => conversation.listen(),
  retry_connection: () => conversation.connection.open(),
});
const talk = byId("talk", HTMLButtonElement);
const words = byId("words", HTMLInputElement);
const session = byId("session", HTMLTextAreaElement);
const stopReplay = byId("stop-replay", HTMLButtonElement);

/** @type {[string, () => string][]} */
const FACTS = [
  ["connection", () => conversation.connection.state],
  ["round trip, ms", () => String(Math.round(conversation.framing.roundTripMs ?? 0))],
  ["frame, ms", () => String(conversation.framing.frameMs)],
  ["gaps in the reply", () => String(conversation.underruns)],
  ["audio sent, s", () => (conversation.trace.audioSentMs / 1000).toFixed(1)],
  ["devices, ms", () => (conversation.sound ? deviceMs(conversation.sound.latency) : "–")],
];

/** @param {{input: number, output: number}} latency */
function deviceMs({ input, output }) {
  return `${Math.round(1000 * input)} in, ${Math.round(1000 * output)} out`;
}

function show() {
  notice.show(conversation.problem);
  byId("status", HTMLElement).textContent = conversation.activity;
  talk.textContent = conversation.listening ? "Microphone off" : "Microphone on";
  talk.setAttribute("aria-pressed", String(conversation.listening));
  const facts = FACTS.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value())));
  byId("link", HTMLElement).replaceChildren(...facts);
  const turns = conversation.turns.all.slice(-TURNS).reverse();
  if (turns.length) byId("timelines", HTMLOListElement).replaceChildren(...turns.map(timeline));
}

let shownSoon = false;
function showSoon() {
  if (shownSoon) return;
  shownSoon = true;
  setTimeout(() => {
    shownSoon = false;
    show();
  }, 150);
}

/** @param {string} text */
function applySession(text) {
  const fault = byId("session-fault", HTMLElement);
  try {
    choose({ session: JSON.parse(text || "{}") });
    fault.textContent = "";
    conversation.reconfigure();
  } catch (error) {
    fault.textContent = `This is not JSON: ${error}`;
  }
}

async function replay() {
  const [file] = byId("recording", HTMLInputElement).files ?? [];
  if (!file) return;
  const stopping = new AbortController();
  stopReplay.disabled = false;
  stopReplay.onclick = () => stopping.abort();
  try {
    await conversation.replay(await file.arrayBuffer(), stopping.signal);
  } catch (error) {
    notice.show({ key: "recording_unread", detail: String(error) });
  }
  stopReplay.disabled = true;
}

function download() {
  const text = JSON.stringify(conversation.document(), null, 1);
  const href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  make("a", { href, download: `beautyai-trace-${new Date().toISOString().replaceAll(":", "")}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/** @param {string} id @param {() => void} deed */
function onPress(id, deed) {
  byId(id, HTMLButtonElement).addEventListener("click", deed);
}

/** @param {string} id @param {() => void} deed */
function onSubmit(id, deed) {
  byId(id, HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    deed();
  });
}

conversation.addEventListener("change", showSoon);
conversation.addEventListener("level", () => (byId("mic", HTMLMeterElement).value = conversation.micLevel));
conversation.addEventListener("wire", (event) => {
  if (event instanceof CustomEvent) events.add(event.detail);
});
onPress("talk", () => (conversation.listening ? conversation.rest() : conversation.listen()));
onPress("interrupt", () => conversation.interrupt());
onPress("download", download);
onPress("new-session", () => conversation.switchTo(""));
onSubmit("replay", replay);
onSubmit("session-form", () => applySession(session.value));
onSubmit("typed", () => {
  if (words.value.trim()) conversation.say(words.value.trim());
  words.value = "";
});
addEventListener("pagehide", () => conversation.connection.close());

session.value = JSON.stringify(choices().session, null, 2);
show();
new ServerState().watch();
new FiguresView(byId("figures", HTMLElement)).watch();
