/** What of a reference is taken: a mask in pixels of the network, painted, filled, undone. */

const MOST_STEPS = 30; // that can be undone

export class Mask {
  #past = [];

  /** Begins empty. @param {number} width @param {number} height pixels. */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** 1 where the reference is taken, row by row. */
    this.data = new Uint8Array(width * height);
    /** Grows with every change, so that drawings of the mask can be kept. */
    this.version = 0;
  }

  get isEmpty() {
    return !this.data.includes(1);
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  /** Keeps the mask as it is now, for `undo`. */
  remember() {
    this.#past.push(this.data.slice());
    if (this.#past.length > MOST_STEPS) this.#past.shift();
  }

  undo() {
    if (!this.canUndo) return;
    this.data = this.#past.pop();
    this.version += 1;
  }

  clear() {
    this.remember();
    this.data.fill(0);
    this.version += 1;
  }

  /**
   * Paints, or erases, all pixels whose centre is within a line's round brush.
   * @param {number[]} from @param {number[]} to [x, y] in pixels, may lie outside.
   * @param {number} diameter of the brush, pixels.
   * @param {boolean} erase
   */
  stroke(from, to, diameter, erase) {
    const radius = Math.max(diameter / 2, 0.71); // a dot always covers a pixel
    const [left, right] = span(from[0], to[0], radius, this.width);
    const [top, bottom] = span(from[1], to[1], radius, this.height);
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        if (distanceToLine([x + 0.5, y + 0.5], from, to) <= radius) {
          this.data[y * this.width + x] = erase ? 0 : 1;
        }
      }
    }
    this.version += 1;
  }

  /** Adds the white of a picture. @param {ImageBitmap} picture of the mask's size. */
  add(picture) {
    const context = canvasOf(this.width, this.height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const pixels = context.getImageData(0, 0, this.width, this.height).data;
    this.remember();
    for (let i = 0; i < this.data.length; i += 1) this.data[i] |= pixels[4 * i] > 127;
    this.version += 1;
  }

  /** @returns {boolean} whether the pixel at [x, y] is taken; false outside. */
  has(x, y) {
    const inside = x >= 0 && y >= 0 && x < this.width && y < this.height;
    return inside && this.data[y * this.width + x] === 1;
  }

  /** @returns {OffscreenCanvas} the mask in one colour. @param {number[]} rgba 0…255. */
  drawn(rgba) {
    const canvas = canvasOf(this.width, this.height);
    const image = new ImageData(this.width, this.height);
    const pixels = new Uint32Array(image.data.buffer);
    const colour = new Uint32Array(new Uint8ClampedArray(rgba).buffer)[0];
    this.data.forEach((taken, i) => { if (taken) pixels[i] = colour; });
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  /** @returns {Path2D} the mask's border, in pixels. */
  outline() {
    const path = new Path2D();
    const edge = (x0, y0, x1, y1) => { path.moveTo(x0, y0); path.lineTo(x1, y1); };
    for (let y = 0; y < this.height; y += 1) {
      for (let x = 0; x < this.width; x += 1) {
        if (this.data[y * this.width + x] === 0) continue;
        if (!this.has(x - 1, y)) edge(x, y, x, y + 1);
        if (!this.has(x + 1, y)) edge(x + 1, y, x + 1, y + 1);
        if (!this.has(x, y - 1)) edge(x, y, x + 1, y);
        if (!this.has(x, y + 1)) edge(x, y + 1, x + 1, y + 1);
      }
    }
    return path;
  }

  /** @returns {Promise<string>} PNG in base64, white on black. */
  async png() {
    const canvas = canvasOf(this.width, this.height);
    const context = canvas.getContext("2d");
    context.fillRect(0, 0, this.width, this.height);
    context.drawImage(this.drawn([255, 255, 255, 255]), 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }
}

function canvasOf(width, height) {
  return new OffscreenCanvas(width, height);
}

/** Pixels from the first to behind the last that a brush of `radius` from a to b may cover. */
function span(a, b, radius, size) {
  const first = Math.max(0, Math.floor(Math.min(a, b) - radius));
  return [first, Math.min(size, Math.ceil(Math.max(a, b) + radius))];
}

function distanceToLine([x, y], [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / length;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}
