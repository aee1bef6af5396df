/** Styles by seed, as small pictures to choose from, and the style of a drawing. */

import { toRgba } from "./pixels.js";

export class StylesPanel {
  /**
   * @param {{seed: HTMLInputElement, shuffle: HTMLElement, count: HTMLSelectElement,
   *     grid: HTMLElement, drawing: HTMLCanvasElement}} parts
   * @param {{chosen: (seed: number) => void, wanted: () => void}} told `wanted`: pictures are missing
   */
  constructor(parts, told) {
    Object.assign(this, parts, { told });
    this.shown = null;
    this.seed.addEventListener("change", () => this.choose(this.value));
    this.shuffle.addEventListener("click", () => {
      this.seed.value = crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
      this.choose(this.value);
    });
    this.count.addEventListener("change", () => this.fill(this.first));
  }

  /** The seed in the field, a whole number in its range. */
  get value() {
    const { min, max } = this.seed;
    const seed = Math.min(Math.max(Math.floor(Number(this.seed.value) || 0), Number(min)), Number(max));
    this.seed.value = seed;
    return seed;
  }

  /** A style was chosen by its seed: it is shown first, unless its picture is there. */
  choose(seed) {
    if (!this.button(seed)) this.fill(seed);
    this.mark(seed);
    this.told.chosen(seed);
  }

  button(seed) {
    return this.grid.querySelector(`[data-seed="${seed}"]`);
  }

  /** Marks the style that is seen; null for that of a drawing. */
  mark(seed) {
    for (const button of this.grid.children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.seed) === seed && seed !== null));
    }
    this.drawing.classList.toggle("chosen", seed === null);
    if (seed !== null) this.seed.value = seed;
  }

  /** Empty pictures of the seeds from `first` on. */
  fill(first) {
    this.first = first;
    const chosen = this.grid.querySelector("[aria-pressed=true]")?.dataset.seed;
    const last = Number(this.seed.max);
    const seeds = Array.from({ length: Number(this.count.value) }, (_, i) => first + i);
    this.grid.replaceChildren(...seeds.filter((seed) => seed <= last).map((seed) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.seed = seed;
      button.setAttribute("aria-label", `Style ${seed}`);
      button.setAttribute("aria-pressed", String(String(seed) === chosen));
      button.append(document.createElement("canvas"));
      button.addEventListener("click", () => this.choose(seed));
      return button;
    }));
    this.told.wanted();
  }

  /** Forgets the pictures, as those of another photo. */
  reset(key) {
    if (this.shown === key) return;
    this.shown = key;
    this.fill(this.first ?? this.value);
    this.mark(this.value);
  }

  /** The first seed without a picture, or undefined. */
  missing() {
    const button = this.grid.querySelector("button:not([data-drawn])");
    return button ? Number(button.dataset.seed) : undefined;
  }

  /** @param {Uint8Array} pixels [h, w, 3] */
  show(seed, pixels, [height, width]) {
    const button = this.button(seed);
    if (!button) return;
    const canvas = button.firstElementChild;
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext("2d").putImageData(new ImageData(toRgba(pixels), width), 0, 0);
    button.dataset.drawn = "yes";
  }
}
