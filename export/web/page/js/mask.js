/** What a user paints: 1 where the reference is taken, else 0, at the network's size. */

const KEPT = 30; // earlier states for undo

export class Mask {
  /** @param {[number, number]} size height and width */
  constructor([height, width]) {
    this.height = height;
    this.width = width;
    this.values = new Float32Array(height * width);
    this.earlier = [];
  }

  /** Keeps the present state for `undo`. */
  remember() {
    this.earlier = [...this.earlier.slice(1 - KEPT), Uint8Array.from(this.values)];
  }

  undo() {
    const last = this.earlier.pop();
    if (last) this.values = Float32Array.from(last);
  }

  fill(value) {
    this.values.fill(value);
  }

  /**
   * A stroke with round ends.
   *
   * @param {[number, number]} from x and y in pixels
   * @param {[number, number]} to
   * @param {number} radius in pixels
   * @param {0 | 1} value
   */
  stroke(from, to, radius, value) {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = dx * dx + dy * dy;
    const low = (i) => Math.max(Math.floor(Math.min(from[i], to[i]) - radius), 0);
    const high = (i, end) => Math.min(Math.ceil(Math.max(from[i], to[i]) + radius), end);
    for (let y = low(1); y < high(1, this.height); y++) {
      for (let x = low(0); x < high(0, this.width); x++) {
        const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]];
        const t = length ? Math.min(Math.max((px * dx + py * dy) / length, 0), 1) : 0;
        if (Math.hypot(px - t * dx, py - t * dy) <= radius) this.values[y * this.width + x] = value;
      }
    }
  }

  /** A picture of it in a colour, [H, W, 4]. */
  tinted([red, green, blue, alpha]) {
    const out = new Uint8ClampedArray(this.values.length * 4);
    this.values.forEach((value, i) => out.set([red, green, blue, alpha * value], 4 * i));
    return out;
  }
}
