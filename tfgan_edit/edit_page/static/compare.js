/** Two pictures of one size on top of each other, and a slider that divides them. */

export class Comparison {
  #range;

  /** @param {HTMLElement} frame holds both pictures, a line, and an `input` from 0 to 100. */
  constructor(frame) {
    this.#range = frame.querySelector("input");
    this.frame = frame;
    this.#range.addEventListener("input", () => this.#show());
    this.#show();
  }

  #show() {
    const share = this.#range.valueAsNumber;
    this.frame.style.setProperty("--before", `${share}%`);
    this.frame.classList.toggle("shows-before", share > 12);
    this.frame.classList.toggle("shows-after", share < 88);
    this.#range.setAttribute("aria-valuetext", `${share} % before, ${100 - share} % after`);
  }
}
