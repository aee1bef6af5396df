/** The reference, on which is painted what to take of it: by pointer, pen, finger or keyboard. */

import { arrowStep, Board } from "./board.js";

export class Painter {
  #board;
  #onPaint;
  #slot = null;
  #cursor = null; // [x, y] in pixels of the network while a pointer or the focus is here
  #last = null; // where the running stroke is
  #drawn = { mask: null, version: -1 };

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{width: number, height: number}} size of the network's pictures.
   * @param {function()} onPaint called after each change of the mask.
   */
  constructor(canvas, size, onPaint) {
    this.#board = new Board(canvas, size.width, size.height);
    this.#onPaint = onPaint;
    /** Diameter of the brush, pixels of the network. */
    this.size = 8;
    this.erases = false;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => { this.#last = null; });
    }
    canvas.addEventListener("pointerleave", () => this.#show(null));
    canvas.addEventListener("blur", () => this.#show(null));
    canvas.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Shows a slot: {photo, mask, colour}. */
  show(slot) {
    this.#slot = slot;
    this.draw();
  }

  draw() {
    const slot = this.#slot;
    this.#board.clear(slot?.photo?.picture);
    if (!slot?.photo) return;
    this.#board.drawMask(...this.#layers(slot));
    if (this.#cursor === null) return;
    const ring = new Path2D();
    ring.arc(...this.#cursor, Math.max(this.size / 2, 0.71), 0, 2 * Math.PI);
    this.#board.line(ring, "#000", 3, []);
    this.#board.line(ring, "#fff", 1.5, this.erases ? [4, 3] : []);
  }

  #layers({ mask, colour }) {
    if (this.#drawn.mask !== mask || this.#drawn.version !== mask.version) {
      const layers = [mask.drawn([...colour, 110]), mask.outline()];
      this.#drawn = { mask, version: mask.version, layers };
    }
    return this.#drawn.layers;
  }

  #begin(event) {
    if (!this.#slot?.photo || event.button !== 0) return;
    this.#board.canvas.setPointerCapture(event.pointerId);
    this.#slot.mask.remember();
    this.#last = this.#board.at(event);
    this.#paint(this.#last);
  }

  #move(event) {
    this.#cursor = this.#board.at(event);
    if (this.#last === null) {
      this.draw();
      return;
    }
    // Between two frames a fast pointer went through several places.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#paint(this.#board.at(each));
  }

  #paint(point) {
    this.#slot.mask.stroke(this.#last ?? point, point, this.size, this.erases);
    if (this.#last !== null) this.#last = point;
    this.#cursor = point;
    this.draw();
    this.#onPaint();
  }

  #show(cursor) {
    this.#cursor = cursor;
    this.draw();
  }

  #press(event) {
    const slot = this.#slot;
    if (!slot?.photo) return;
    const middle = [slot.mask.width / 2, slot.mask.height / 2];
    const step = arrowStep(event);
    if (step) {
      const [x, y] = this.#cursor ?? middle;
      const inside = (place, size) => Math.min(size, Math.max(0, place));
      this.#show([inside(x + step[0], slot.mask.width), inside(y + step[1], slot.mask.height)]);
    } else if (event.key === " " || event.key === "Enter") {
      slot.mask.remember();
      this.#paint(this.#cursor ?? middle);
    } else {
      return;
    }
    event.preventDefault();
  }
}
