/** The page's own language: chosen, or the browser's; words, direction, numbers. */

import { choices } from "../settings.js";
import { ARABIC, ENGLISH } from "./strings.js";

/** @returns {"en"|"ar"} */
export function interfaceLanguage() {
  const chosen = choices().interface;
  if (chosen) return chosen;
  return navigator.language.toLowerCase().startsWith("ar") ? "ar" : "en";
}

/** @param {string} key */
export function say(key) {
  return (interfaceLanguage() === "ar" ? ARABIC : ENGLISH)[key] ?? ENGLISH[key] ?? key;
}

/** Put the words where `data-say`, `data-say-label` and `data-say-hint` ask for them. */
export function speakInterface() {
  const language = interfaceLanguage();
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  fill("data-say", (element, words) => (element.textContent = words));
  fill("data-say-label", (element, words) => element.setAttribute("aria-label", words));
  fill("data-say-hint", (element, words) => element.setAttribute("placeholder", words));
}

/** @param {string} attribute @param {(element: Element, words: string) => void} put */
function fill(attribute, put) {
  for (const element of document.querySelectorAll(`[${attribute}]`)) {
    put(element, say(element.getAttribute(attribute) ?? ""));
  }
}

/** The name of a language in the page's language. @param {string} code */
export function languageName(code) {
  try {
    return new Intl.DisplayNames([interfaceLanguage()], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** @param {number} ms */
export function duration(ms) {
  const seconds = new Intl.NumberFormat(interfaceLanguage(), { maximumFractionDigits: 2, minimumFractionDigits: 2 });
  return `${seconds.format(ms / 1000)} ${interfaceLanguage() === "ar" ? "ث" : "s"}`;
}
