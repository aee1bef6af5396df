/**
 * Antialiased resizing as the exporter does it, bit by bit: Pillow's LANCZOS in its fixed point.
 * The rule comes from `framing.resize` of export.json.
 */

const BITS = 22; // of a weight after the point: 32 - 8 of a byte - 2 for overshoot
const ONE = 2 ** BITS;

/**
 * @typedef {{filter: string, lobes: number, antialias: boolean, pixel_centre: number}} ResizeRule
 */

/** Windowed sinc: sinc(x) sinc(x / lobes) for |x| < lobes. */
function lanczos(x, lobes) {
  if (x < -lobes || x >= lobes) return 0;
  const sinc = (t) => (t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t));
  return sinc(x) * sinc(x / lobes);
}

/**
 * Which pixels of a line of `source` make each one of a line of `target`, and with which weights.
 *
 * @param {number} source
 * @param {number} target
 * @param {ResizeRule} rule
 * @returns {{starts: Int32Array, counts: Int32Array, weights: Int32Array, taps: number}} weights
 *     [target, taps] in units of 2^-22.
 */
export function lineWeights(source, target, rule) {
  if (rule.filter !== "lanczos") throw new Error(`the filter "${rule.filter}" is unknown here`);
  const scale = source / target;
  const stretch = rule.antialias ? Math.max(scale, 1) : 1;
  const support = rule.lobes * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(target);
  const counts = new Int32Array(target);
  const weights = new Int32Array(target * taps);
  const line = new Float64Array(taps);
  for (let i = 0; i < target; i++) {
    const centre = (i + rule.pixel_centre) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.trunc(centre + support + 0.5), source) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      line[k] = lanczos((k + first - centre + rule.pixel_centre) / stretch, rule.lobes);
      sum += line[k];
    }
    for (let k = 0; k < count; k++) {
      const weight = (line[k] / sum) * ONE;
      weights[i * taps + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    starts[i] = first;
    counts[i] = count;
  }
  return { starts, counts, weights, taps };
}

function toByte(sum) {
  const value = (sum + ONE / 2) >> BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/**
 * Resizes a picture whose rows come a few at a time, so that a large one needs little memory:
 * the horizontal pass, which comes first, is kept as bytes of the target's width.
 */
export class Resizer {
  /**
   * @param {[number, number]} source height and width
   * @param {[number, number]} target height and width
   * @param {ResizeRule} rule
   */
  constructor(source, target, rule) {
    this.source = source;
    this.target = target;
    this.horizontal = lineWeights(source[1], target[1], rule);
    this.vertical = lineWeights(source[0], target[0], rule);
    this.narrow = new Uint8Array(source[0] * target[1] * 3); // [H, w, 3]
    this.filled = 0;
  }

  /** @param {Uint8Array} rows [rows, W, 3], below those that came before */
  add(rows) {
    const { starts, counts, weights, taps } = this.horizontal;
    const [, width] = this.source;
    const count = rows.length / (3 * width);
    let out = this.filled * this.target[1] * 3;
    for (let y = 0; y < count; y++) {
      const line = y * width * 3;
      for (let x = 0; x < this.target[1]; x++) {
        let red = 0;
        let green = 0;
        let blue = 0;
        let from = line + starts[x] * 3;
        for (let k = x * taps; k < x * taps + counts[x]; k++) {
          const weight = weights[k];
          red = (red + rows[from] * weight) | 0; // sums of weights stay below 2^31 / 255
          green = (green + rows[from + 1] * weight) | 0;
          blue = (blue + rows[from + 2] * weight) | 0;
          from += 3;
        }
        this.narrow[out++] = toByte(red);
        this.narrow[out++] = toByte(green);
        this.narrow[out++] = toByte(blue);
      }
    }
    this.filled += count;
  }

  /** @returns {Uint8Array} [h, w, 3] of the target */
  finish() {
    if (this.filled !== this.source[0]) throw new Error(`${this.filled} rows came`);
    const { starts, counts, weights, taps } = this.vertical;
    const stride = this.target[1] * 3;
    const out = new Uint8Array(this.target[0] * stride);
    const sums = new Int32Array(stride);
    for (let y = 0; y < this.target[0]; y++) {
      sums.fill(0);
      for (let k = 0; k < counts[y]; k++) {
        const weight = weights[y * taps + k];
        const from = (starts[y] + k) * stride;
        for (let x = 0; x < stride; x++) sums[x] += this.narrow[from + x] * weight;
      }
      for (let x = 0; x < stride; x++) out[y * stride + x] = toByte(sums[x]);
    }
    return out;
  }
}

/**
 * @param {Uint8Array} pixels [H, W, 3]
 * @param {[number, number]} source height and width
 * @param {[number, number]} target height and width
 * @param {ResizeRule} rule
 * @returns {Uint8Array} [h, w, 3]
 */
export function resize(pixels, source, target, rule) {
  if (source[0] === target[0] && source[1] === target[1]) return pixels;
  const resizer = new Resizer(source, target, rule);
  resizer.add(pixels);
  return resizer.finish();
}
