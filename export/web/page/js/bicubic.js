/** Turning and moving pictures as Pillow does: a bicubic kernel, repeated at the borders. */

/**
 * Keys' kernel over four neighbours as a polynomial of `t`, the distance in [0, 1) from the second:
 * equal neighbours give exactly their value.
 *
 * @param {number} a slope of the kernel, `sampling.a` of export.json
 */
function between(v1, v2, v3, v4, t, a) {
  const linear = a * (v1 - v3);
  const square = -2 * a * v1 - (a + 3) * v2 + (2 * a + 3) * v3 + a * v4;
  const cube = a * (v1 - v4) + (a + 2) * (v2 - v3);
  return v2 + t * (linear + t * (square + t * cube));
}

/**
 * Samples a part of the result of an affine map.
 *
 * @param {Uint8Array} pixels [H, W, channels]
 * @param {[number, number]} size height and width
 * @param {number} channels
 * @param {number[]} map from the centres of the result's pixels to the source, as of `affine`
 * @param {{left: number, top: number, width: number, height: number}} part of the result
 * @param {number} a slope of the kernel
 * @returns {Uint8Array} [part.height, part.width, channels], 0 outside of the source
 */
export function transform(pixels, [height, width], channels, map, part, a) {
  const out = new Uint8Array(part.width * part.height * channels);
  const columns = new Int32Array(4);
  const lines = new Float64Array(4);
  let to = 0;
  for (let v = part.top; v < part.top + part.height; v++) {
    for (let u = part.left; u < part.left + part.width; u++, to += channels) {
      const x = map[0] * (u + 0.5) + map[1] * (v + 0.5) + map[2];
      const y = map[3] * (u + 0.5) + map[4] * (v + 0.5) + map[5];
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      for (let i = 0; i < 4; i++) {
        columns[i] = Math.min(Math.max(left - 1 + i, 0), width - 1) * channels;
      }
      for (let c = 0; c < channels; c++) {
        for (let j = 0; j < 4; j++) {
          const row = Math.min(Math.max(top - 1 + j, 0), height - 1) * width * channels + c;
          lines[j] = between(
            pixels[row + columns[0]],
            pixels[row + columns[1]],
            pixels[row + columns[2]],
            pixels[row + columns[3]],
            x - 0.5 - left,
            a,
          );
        }
        const value = between(lines[0], lines[1], lines[2], lines[3], y - 0.5 - top, a);
        out[to + c] = value <= 0 ? 0 : value >= 255 ? 255 : value; // Pillow drops the fraction
      }
    }
  }
  return out;
}
