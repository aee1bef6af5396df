/**
 * What a face's square needs beyond the photo, as in FFHQ: mirrored, blurred, and faded to the median
 * colour towards the outside (`crop.face_square.outside` of export.json).
 */

import { clamp, roundHalfEven } from "./rounding.js";

const PASSES = 3; // of a box, for Gaussian blur (Gwosdek et al., 2011), as Pillow has it
const UNIT = 2 ** 24; // of a weight in it

/** The upright box around a turned square with its border, also outside of the photo. */
export function boundsOf({ centre, half }, rule) {
  const border = Math.max(rule.border * 2 * Math.hypot(...half), rule.min_border);
  const reach = Math.abs(half[0]) + Math.abs(half[1]) + border;
  const [left, top] = centre.map((value) => Math.floor(value - reach));
  const [right, bottom] = centre.map((value) => Math.ceil(value + reach));
  return { left, top, right, bottom };
}

/**
 * @param {Uint8Array} pixels [H, W, 3], the part of the photo that the square's bounds hold
 * @param {[number, number]} size height and width
 * @param {import("./place.js").Square} square in that part
 * @param {object} rule
 * @returns {{pixels: Uint8Array, size: [number, number], square: import("./place.js").Square}}
 */
export function withOutside(pixels, [height, width], square, rule) {
  const side = 2 * Math.hypot(...square.half);
  const bounds = boundsOf(square, rule);
  const missing = [-bounds.left, -bounds.top, bounds.right - width, bounds.bottom - height];
  const border = Math.max(roundHalfEven(rule.border * side), rule.min_border);
  if (Math.max(...missing) <= border) return { pixels, size: [height, width], square };
  const margin = roundHalfEven(rule.margin * side);
  const [left, top, right, bottom] = missing.map((count) => Math.max(count, margin));
  const size = [top + height + bottom, left + width + right];
  const mirrored = mirror(pixels, [height, width], [top, left], size);
  const blurred = gaussianBlur(mirrored, size, rule.blur * side);
  const share = Float64Array.from({ length: size[0] * size[1] }, (_, i) => {
    const [x, y] = [i % size[1], Math.floor(i / size[1])];
    const insideX = Math.min(x / left, (size[1] - 1 - x) / right);
    const insideY = Math.min(y / top, (size[0] - 1 - y) / bottom);
    return 1 - Math.min(insideX, insideY); // 1 at the edge, 0 at the photo's, less inside
  });
  for (let c = 0; c < 3; c++) fade(mirrored, blurred, share, c, rule.blur_slope);
  const centre = [square.centre[0] + left, square.centre[1] + top];
  return { pixels: mirrored, size, square: { ...square, centre } };
}

/** A larger picture around another, mirrored at its border pixels. */
function mirror(pixels, [height, width], [top, left], size) {
  const place = (i, length) => {
    if (length === 1) return 0;
    const period = 2 * (length - 1);
    const j = ((i % period) + period) % period;
    return Math.min(j, period - j);
  };
  const columns = Int32Array.from({ length: size[1] }, (_, x) => place(x - left, width));
  const out = new Uint8Array(size[0] * size[1] * 3);
  let to = 0;
  for (let y = 0; y < size[0]; y++) {
    const row = place(y - top, height) * width;
    for (let x = 0; x < size[1]; x++) {
      const from = 3 * (row + columns[x]);
      for (let c = 0; c < 3; c++) out[to++] = pixels[from + c];
    }
  }
  return out;
}

/** One channel: towards the blurred one, then towards the median of that; into `pixels`. */
function fade(pixels, blurred, share, channel, slope) {
  const levels = Float32Array.from(share, (outside, i) => {
    const level = pixels[3 * i + channel];
    return level + (blurred[3 * i + channel] - level) * clamp(slope * outside + 1, 0, 1);
  });
  const sorted = levels.slice().sort();
  const middle = sorted.length >> 1;
  const median = sorted.length % 2
    ? sorted[middle] : Math.fround((sorted[middle - 1] + sorted[middle]) / 2);
  levels.forEach((level, i) => {
    const change = Math.fround(median - level) * clamp(share[i], 0, 1);
    pixels[3 * i + channel] = clamp(roundHalfEven(Math.fround(level + change)), 0, 255);
  });
}

/** Three box blurs of fractional radius along rows, then along columns; borders are repeated. */
function gaussianBlur(pixels, [height, width], sigma) {
  const variance = (sigma * sigma) / PASSES;
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const part = ((2 * whole + 1) * (whole * (whole + 1) - 3 * variance))
    / (6 * (variance - (whole + 1) ** 2));
  const out = pixels.slice();
  const radius = whole + part;
  if (!(radius > 0)) return out;
  for (let pass = 0; pass < PASSES; pass++) {
    for (let y = 0; y < height; y++) box(out, y * width * 3, 3, width, radius);
  }
  for (let pass = 0; pass < PASSES; pass++) {
    for (let x = 0; x < width; x++) box(out, x * 3, width * 3, height, radius);
  }
  return out;
}

/** Blurs a line of pixels that lie `step` bytes apart. */
function box(pixels, start, step, length, radius) {
  const reach = Math.floor(radius);
  const weight = Math.floor(UNIT / (radius * 2 + 1));
  const edge = Math.floor((UNIT - (reach * 2 + 1) * weight) / 2);
  const line = new Uint8Array(length);
  const level = (i) => line[Math.min(Math.max(i, 0), length - 1)];
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < length; i++) line[i] = pixels[start + i * step + c];
    let sum = 0;
    for (let i = -reach; i <= reach; i++) sum += level(i);
    for (let i = 0; i < length; i++) {
      const total = sum * weight + (level(i - reach - 1) + level(i + reach + 1)) * edge;
      pixels[start + i * step + c] = Math.floor((total + UNIT / 2) / UNIT);
      sum += level(i + reach + 1) - level(i - reach);
    }
  }
}
