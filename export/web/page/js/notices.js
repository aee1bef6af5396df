/** Sentences on the page: what went wrong, what to do next, what goes on. */

const byId = (id) => document.getElementById(id);
let timer = 0;

/** What went wrong; it stays until something works. */
export function complain(text) {
  Object.assign(byId("message"), { textContent: text, hidden: false, className: "message" });
}

/** What to do next; "" takes it away, as what went wrong before. */
export function say(text) {
  Object.assign(byId("message"), { textContent: text, hidden: !text, className: "message plain" });
}

/** @param {string} [text] what goes on; what is done at once does not flicker */
export function showBusy(text) {
  clearTimeout(timer);
  byId("busy-text").textContent = text ?? "";
  if (text) timer = setTimeout(() => { byId("busy").hidden = false; }, 150);
  else byId("busy").hidden = true;
}
