/** A canvas that is drawn on, and pointed at, in pixels of the network. */

const FINE_SIDE = 768; // pixels of the canvas at least, so that lines are thin on small pictures

export class Board {
  /** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height pixels. */
  constructor(canvas, width, height) {
    this.canvas = canvas;
    this.width = width;
    this.height = height;
    this.scale = Math.ceil(FINE_SIDE / Math.max(width, height));
    canvas.width = width * this.scale;
    canvas.height = height * this.scale;
    this.context = canvas.getContext("2d");
  }

  /** Length of one pixel of the screen, in pixels of the network. */
  get thin() {
    return this.width / Math.max(this.canvas.clientWidth, 1);
  }

  /** Clears the canvas and draws a picture, or nothing. @param {?ImageBitmap} picture */
  clear(picture) {
    const context = this.context;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    if (picture) {
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, 0, 0, this.width, this.height);
    }
  }

  /** Draws a mask with its pixels sharp, and its border in white and black. */
  drawMask(layer, outline) {
    const context = this.context;
    context.imageSmoothingEnabled = false;
    context.drawImage(layer, 0, 0);
    context.imageSmoothingEnabled = true;
    this.line(outline, "#000", 3, []);
    this.line(outline, "#fff", 1.5, []);
  }

  /** Draws a path. @param {Path2D} path @param {number} width in pixels of the screen. */
  line(path, colour, width, dash) {
    const context = this.context;
    context.strokeStyle = colour;
    context.lineWidth = width * this.thin;
    context.setLineDash(dash.map((part) => part * this.thin));
    context.stroke(path);
  }

  /** @returns {number[]} [x, y] of a pointer in pixels of the network. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.width,
      ((event.clientY - box.top) / box.height) * this.height,
    ];
  }
}

/** [x, y] of an arrow key's step, or null for another key. Shift makes large steps. */
export function arrowStep(event) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const [x, y] = step[event.key] ?? [0, 0];
  if (x === 0 && y === 0) return null;
  const length = event.shiftKey ? 8 : 1;
  return [x * length, y * length];
}
