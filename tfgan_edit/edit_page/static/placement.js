/** The photo, and on it the parts that references give, which can be dragged elsewhere. */

import { arrowStep, Board } from "./board.js";

export class Placement {
  #board;
  #onMove;
  #drag = null; // {slot, start: [x, y], shift: [down, right]} while a part is dragged
  #layers = new WeakMap(); // mask -> what is drawn of it

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{width: number, height: number}} size of the network's pictures.
   * @param {function(object)} onMove called with the slot whose part moves.
   */
  constructor(canvas, size, onMove) {
    this.#board = new Board(canvas, size.width, size.height);
    this.#onMove = onMove;
    this.picture = null;
    /** Slots {photo, mask, shift, colour, number} that give a part, in their order. */
    this.slots = [];
    /** The slot that the arrow keys move. */
    this.active = null;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => { this.#drag = null; });
    }
    canvas.addEventListener("keydown", (event) => this.#press(event));
  }

  draw() {
    this.#board.clear(this.picture);
    for (const slot of this.slots) this.#drawPart(slot);
    // Only where there is something to drag does the canvas keep a finger from scrolling.
    this.#board.canvas.classList.toggle("has-parts", this.slots.length > 0);
  }

  #drawPart(slot) {
    const { part, outline } = this.#layersOf(slot);
    const context = this.#board.context;
    const [down, right] = slot.shift;
    context.save();
    context.translate(right, down);
    context.globalAlpha = 0.85;
    context.drawImage(part, 0, 0);
    context.globalAlpha = 1;
    this.#board.line(outline, "#000", 4, []);
    this.#board.line(outline, `rgb(${slot.colour.join(" ")})`, 2.5, []);
    context.restore();
  }

  #layersOf({ photo, mask }) {
    const kept = this.#layers.get(mask);
    if (kept?.version === mask.version && kept.photo === photo) return kept;
    const part = mask.drawn([0, 0, 0, 255]);
    const context = part.getContext("2d");
    context.globalCompositeOperation = "source-in";
    context.drawImage(photo.picture, 0, 0);
    const layers = { part, outline: mask.outline(), version: mask.version, photo };
    this.#layers.set(mask, layers);
    return layers;
  }

  /** The slot whose part is at [x, y], the topmost first; or the only one there is. */
  #slotAt([x, y]) {
    const hit = this.slots.findLast(({ mask, shift: [down, right] }) => (
      mask.has(Math.floor(x) - right, Math.floor(y) - down)));
    return hit ?? (this.slots.length === 1 ? this.slots[0] : null);
  }

  #begin(event) {
    const point = this.#board.at(event);
    const slot = this.#slotAt(point);
    if (!slot || event.button !== 0) return;
    this.#board.canvas.setPointerCapture(event.pointerId);
    this.#drag = { slot, start: point, shift: slot.shift };
  }

  #move(event) {
    const [x, y] = this.#board.at(event);
    if (this.#drag === null) {
      this.#board.canvas.classList.toggle("over-part", Boolean(this.#slotAt([x, y])));
      return;
    }
    const { slot, start, shift } = this.#drag;
    this.#put(slot, shift[0] + y - start[1], shift[1] + x - start[0]);
  }

  #press(event) {
    const step = arrowStep(event);
    const slot = this.slots.includes(this.active) ? this.active : this.slots[0];
    if (!step || !slot) return;
    event.preventDefault();
    this.#put(slot, slot.shift[0] + step[1], slot.shift[1] + step[0]);
  }

  #put(slot, down, right) {
    const within = (value, side) => Math.round(Math.min(side, Math.max(-side, value)));
    slot.shift = [within(down, this.#board.height), within(right, this.#board.width)];
    this.draw();
    this.#onMove(slot);
  }
}
