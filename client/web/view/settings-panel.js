/** The settings: language, voice, how turns end, sound, and the page's own language. */

import { choices, choose } from "../settings.js";
import { voices } from "../server.js";
import { byId, make } from "./dom.js";
import { interfaceLanguage, languageName, say } from "./language.js";
import { LANGUAGES } from "./languages.js";

/** @typedef {import("../server.js").Voice} Voice */

export class SettingsPanel {
  #dialog = byId("settings", HTMLDialogElement);
  #language = byId("language", HTMLSelectElement);
  #voice = byId("voice", HTMLSelectElement);
  #mode = byId("mode", HTMLSelectElement);
  #aloud = byId("aloud", HTMLInputElement);
  #interface = byId("interface", HTMLSelectElement);
  /** @type {Voice[]} */
  #voices = [];
  #chosen;

  /** @param {() => void} chosen  called after every choice */
  constructor(chosen) {
    this.#chosen = chosen;
    for (const field of [this.#language, this.#voice, this.#mode, this.#aloud, this.#interface]) {
      field.addEventListener("change", () => this.#choose(field));
    }
  }

  async open() {
    this.#show();
    this.#dialog.showModal();
    this.#voices = (await voices()) ?? [];
    this.#showVoices();
  }

  #show() {
    const { language, mode, aloud, interface: page } = choices();
    this.#language.replaceChildren(option("auto", say("auto")), ...languageOptions());
    this.#language.value = language;
    this.#mode.value = mode;
    this.#aloud.checked = aloud;
    this.#interface.value = page;
    this.#showVoices();
  }

  #showVoices() {
    const { language, voice } = choices();
    const fitting = this.#voices.filter((one) => language === "auto" || one.language.split(/[-_]/)[0] === language);
    byId("voice-row", HTMLElement).hidden = !fitting.length;
    this.#voice.replaceChildren(option("", say("first_voice")), ...fitting.map(voiceOption));
    this.#voice.value = fitting.some(({ name }) => name === voice) ? voice : "";
  }

  /** @param {HTMLSelectElement|HTMLInputElement} field */
  #choose(field) {
    const value = field instanceof HTMLInputElement ? field.checked : field.value;
    choose({ [field.id]: value, ...(field === this.#language ? { voice: "" } : {}) });
    if (field !== this.#voice) this.#showVoices();
    this.#chosen();
    if (field === this.#interface) this.#show();
  }
}

function languageOptions() {
  const compare = new Intl.Collator(interfaceLanguage()).compare;
  const named = LANGUAGES.map((code) => ({ code, name: languageName(code) }));
  return named.sort((a, b) => compare(a.name, b.name)).map(({ code, name }) => option(code, name));
}

/** @param {Voice} voice */
function voiceOption({ name, language, gender }) {
  const about = [languageName(language.replace("_", "-")), gender].filter(Boolean).join(", ");
  return option(name, `${name} (${about})`);
}

/** @param {string} value @param {string} words */
function option(value, words) {
  return make("option", { value }, words);
}
