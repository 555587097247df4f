/** The key to a server that asks for one. It stays in this tab's session storage and goes nowhere but to the server. */

const KEY = "beautyai.key";

class Access {
  get key() {
    try {
      return sessionStorage.getItem(KEY) ?? "";
    } catch {
      return "";
    }
  }

  set key(key) {
    sessionStorage.setItem(KEY, key);
  }

  forget() {
    sessionStorage.removeItem(KEY);
  }

  /** @returns {Record<string, string>} */
  headers() {
    return this.key ? { Authorization: `Bearer ${this.key}` } : {};
  }
}

export const access = new Access();
