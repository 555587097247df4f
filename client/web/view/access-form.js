/** The field for a key, shown when the server asks for one. */

import { access } from "../access.js";
import { byId } from "./dom.js";
import { say } from "./language.js";

export class AccessForm {
  #dialog = byId("access", HTMLDialogElement);
  #field = byId("key", HTMLInputElement);
  #fault = byId("key-fault", HTMLElement);

  /** @param {() => void} entered  a key was given */
  constructor(entered) {
    byId("access-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#field.value.trim()) return;
      access.key = this.#field.value.trim();
      this.#field.value = "";
      this.#dialog.close();
      entered();
    });
  }

  /** @param {boolean} wrong  the key that was given is not accepted */
  ask(wrong) {
    if (wrong) access.forget();
    this.#fault.textContent = wrong ? say("key_wrong") : "";
    this.#field.setAttribute("aria-invalid", String(wrong));
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#field.focus();
  }
}
