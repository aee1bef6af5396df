/**
 * The picture on the page: what is edited, the edit as a layer over it, and the divider between both.
 * Strength and divider only redraw.
 */

import { clamp } from "./rounding.js";

const SIDE = [640, 1600]; // least and most pixels of the longer side of the canvas

export class Stage {
  /** @param {{picture: HTMLElement, canvas: HTMLCanvasElement, overlay: HTMLCanvasElement,
   *     divider: HTMLElement}} parts */
  constructor({ picture, canvas, overlay, divider }) {
    Object.assign(this, { picture, canvas, overlay, divider });
    this.base = null;
    this.layer = null;
    this.strength = 1;
    this.split = 0.5;
    this.paint = () => {};
    this.hold();
  }

  /**
   * @param {CanvasImageSource} source
   * @param {[number, number]} size height and width of the coordinates of tools and layers
   */
  show(source, size) {
    this.base = { source, size };
    const longer = Math.max(...size);
    const side = clamp(Math.max(source.width, source.height), ...SIDE);
    this.scale = side / longer;
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(size[1] * this.scale);
      canvas.height = Math.round(size[0] * this.scale);
    }
    this.picture.hidden = false;
    this.draw();
  }

  /**
   * @param {{source: CanvasImageSource, map: number[]} | null} layer `map` as of `affine`, from its
   *     pixels to the coordinates of the base
   */
  setLayer(layer) {
    this.layer = layer;
    this.draw();
  }

  setStrength(strength) {
    this.strength = strength;
    this.draw();
  }

  setSplit(split) {
    this.split = clamp(split, 0, 1);
    this.divider.style.left = `${100 * this.split}%`;
    this.divider.setAttribute("aria-valuenow", Math.round(100 * this.split));
    this.draw();
  }

  /** Draws at the next frame, once however often it is asked. */
  draw() {
    if (!this.base || this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.drawPicture();
      const context = this.overlay.getContext("2d");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.overlay.width, this.overlay.height);
      context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
      this.paint(context, 1 / this.scale);
    });
  }

  drawPicture() {
    const { canvas, scale, base: { source, size } } = this;
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.globalAlpha = 1;
    context.drawImage(source, 0, 0, size[1], size[0]);
    if (!this.layer) return;
    const from = document.body.dataset.tool === "compare" ? this.split * size[1] : 0;
    context.save();
    context.beginPath();
    context.rect(from, 0, size[1] - from, size[0]);
    context.clip();
    context.globalAlpha = this.strength;
    const [a, b, c, d, e, f] = this.layer.map;
    context.transform(a, d, b, e, c, f);
    context.drawImage(this.layer.source, 0, 0);
    context.restore();
  }

  /** A pointer's place in the coordinates of the base, [x, y]. */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.base.size[1],
      ((event.clientY - box.top) / box.height) * this.base.size[0],
    ];
  }

  /** The divider follows pointer and keys. */
  hold() {
    const follow = (event) => this.setSplit(this.point(event)[0] / this.base.size[1]);
    this.picture.addEventListener("pointerdown", (event) => {
      if (document.body.dataset.tool !== "compare" || !this.layer) return;
      this.picture.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.picture.addEventListener("pointermove", (event) => {
      if (this.picture.hasPointerCapture(event.pointerId)) follow(event);
    });
    this.divider.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02 };
      const ends = { Home: 0, End: 1 };
      if (event.key in steps) this.setSplit(this.split + steps[event.key]);
      else if (event.key in ends) this.setSplit(ends[event.key]);
      else return;
      event.preventDefault();
    });
  }
}
