/** Brush and eraser over the cut-out: where the reference is taken. */

import { Mask } from "./mask.js";

const TINT = [109, 94, 252, 110]; // RGBA of what is painted

export class PaintTool {
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {{width: HTMLInputElement, undo: HTMLElement, clear: HTMLElement, fill: HTMLElement}}
   *     controls
   * @param {(mask: Float32Array) => void} painted
   */
  constructor(stage, controls, painted) {
    Object.assign(this, { stage, controls, painted });
    this.canvas = document.createElement("canvas");
    this.last = null;
    const { overlay } = stage;
    overlay.addEventListener("pointerdown", (event) => this.press(event));
    overlay.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      overlay.addEventListener(end, () => this.release());
    }
    overlay.addEventListener("pointerleave", () => {
      this.pointer = null; // what was painted hides nothing of the edit
      stage.draw();
    });
    controls.undo.addEventListener("click", () => this.alter(() => this.mask.undo()));
    for (const [button, value] of [[controls.clear, 0], [controls.fill, 1]]) {
      button.addEventListener("click", () => this.alter(() => {
        this.mask.remember();
        this.mask.fill(value);
      }));
    }
  }

  get active() {
    const { body } = document; // without an edit there is no cut-out to paint on
    return body.dataset.tool === "paint" && body.hasAttribute("data-edited") && this.mask;
  }

  /** Begins an empty mask of [height, width]. */
  reset(size) {
    this.mask = new Mask(size);
    [this.canvas.height, this.canvas.width] = size;
    this.redraw();
    return this.mask.values;
  }

  alter(change) {
    change();
    this.redraw();
    this.painted(this.mask.values.slice());
  }

  get radius() {
    return (this.controls.width.value * Math.min(this.mask.height, this.mask.width)) / 2;
  }

  press(event) {
    if (!this.active) return;
    this.stage.overlay.setPointerCapture(event.pointerId);
    this.mask.remember();
    this.last = this.pointer = this.stage.point(event);
    this.stroke(this.last);
  }

  move(event) {
    if (!this.active) return;
    this.pointer = this.stage.point(event);
    if (this.last) this.stroke(this.pointer);
    else this.stage.draw();
  }

  stroke(point) {
    const erases = document.querySelector("input[name=brush]:checked").value === "erase";
    this.mask.stroke(this.last, point, this.radius, erases ? 0 : 1);
    this.last = point;
    this.redraw();
  }

  release() {
    if (!this.last) return;
    this.last = null;
    this.painted(this.mask.values.slice());
  }

  redraw() {
    const { height, width } = this.mask;
    const picture = new ImageData(this.mask.tinted(TINT), width, height);
    this.canvas.getContext("2d").putImageData(picture, 0, 0);
    this.stage.draw();
  }

  /** The tint and the brush's outline, while the pointer is there. */
  paint(context, pixel) {
    if (!this.pointer) return;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.canvas, 0, 0);
    context.beginPath();
    context.arc(...this.pointer, this.radius, 0, 2 * Math.PI);
    context.lineWidth = 2 * pixel;
    context.strokeStyle = "white";
    context.stroke();
  }
}
