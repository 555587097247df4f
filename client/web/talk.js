/** The talk page: what is on the screen, joined to the conversation. */

import { Conversation } from "./conversation.js";
import { choices, sessionId } from "./settings.js";
import { AccessForm } from "./view/access-form.js";
import { byId } from "./view/dom.js";
import { HistoryPanel, messagesOf } from "./view/history-panel.js";
import { say, speakInterface } from "./view/language.js";
import { Announcer, Notice } from "./view/notice.js";
import { Orb } from "./view/orb.js";
import { ServerState } from "./view/server-state.js";
import { SettingsPanel } from "./view/settings-panel.js";
import { Transcript } from "./view/transcript.js";

speakInterface();

const conversation = new Conversation();
const transcript = new Transcript(byId("turns", HTMLOListElement));
const orb = new Orb(byId("orb", HTMLButtonElement), byId("status", HTMLElement), conversation);
const announcer = new Announcer(byId("announcements", HTMLElement));
const server = new ServerState();
const accessForm = new AccessForm(() => conversation.connection.open());
const notice = new Notice(byId("notice", HTMLElement), {
  retry_microphone: () => conversation.listen(),
  retry_connection: () => conversation.connection.open(),
});
const settings = new SettingsPanel(() => {
  speakInterface();
  server.show();
  conversation.reconfigure();
});
const history = new HistoryPanel((id) => {
  conversation.switchTo(id);
  transcript.clear();
  showPast();
});

async function showPast() {
  const id = sessionId();
  const messages = await messagesOf(id);
  if (id === sessionId() && !conversation.turns.all.length) transcript.showPast(messages);
  show();
}

function show() {
  transcript.show(conversation.turns.all, conversation.turns.waiting);
  document.body.dataset.stage = transcript.empty ? "greeting" : "talking";
  document.body.dataset.hint = choices().mode;
  notice.show(conversation.problem);
  orb.show();
}

let shownSoon = false;
function showSoon() {
  if (shownSoon) return;
  shownSoon = true;
  requestAnimationFrame(() => {
    shownSoon = false;
    show();
  });
}

conversation.addEventListener("change", showSoon);
conversation.addEventListener("change", () => {
  const key = conversation.problem?.key;
  if (key === "key_wanted" || key === "key_wrong") {
    conversation.problem = null;
    accessForm.ask(key === "key_wrong");
  }
});
conversation.addEventListener("resumed", (event) => {
  announcer.announce(say(event instanceof CustomEvent && event.detail ? "resumed" : "begun_anew"));
});
conversation.addEventListener("said", (event) => {
  if (event instanceof CustomEvent) announcer.announce(`${say("you")}: ${event.detail.said}`);
});
conversation.addEventListener("answered", (event) => {
  const turn = event instanceof CustomEvent ? event.detail : null;
  if (turn?.reply && (!choices().aloud || !turn.pieces.length)) announcer.announce(`${say("assistant")}: ${turn.reply}`);
});

const words = byId("words", HTMLInputElement);
byId("typed", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const text = words.value.trim();
  if (!text) return;
  words.value = "";
  conversation.say(text);
});
byId("open-settings", HTMLButtonElement).addEventListener("click", () => settings.open());
byId("open-history", HTMLButtonElement).addEventListener("click", () => history.open());
for (const close of document.querySelectorAll("dialog [data-close]")) {
  close.addEventListener("click", () => close.closest("dialog")?.close());
}
addEventListener("pagehide", () => conversation.connection.close());

show();
showPast();
server.watch();
