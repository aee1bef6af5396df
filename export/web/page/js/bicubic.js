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
export function transform(pixels, size, channels, map, part, a) {
  const draw = map[1] === 0 && map[3] === 0 ? upright : turned;
  return draw(pixels, size, channels, map, part, a);
}

/** The four neighbours of `at` on a line of `length` pixels, repeated at its ends, into `out`. */
function neighbours(at, length, out) {
  const first = Math.floor(at - 0.5) - 1;
  for (let i = 0; i < 4; i++) out[i] = Math.min(Math.max(first + i, 0), length - 1);
  return at - 0.5 - (first + 1);
}

function toByte(value) {
  return value <= 0 ? 0 : value >= 255 ? 255 : value; // Pillow drops the fraction, as arrays do
}

function turned(pixels, [height, width], channels, map, part, a) {
  const out = new Uint8Array(part.width * part.height * channels);
  const rows = new Int32Array(4);
  const columns = new Int32Array(4);
  const lines = new Float64Array(4);
  let to = 0;
  for (let v = part.top; v < part.top + part.height; v++) {
    for (let u = part.left; u < part.left + part.width; u++, to += channels) {
      const x = map[0] * (u + 0.5) + map[1] * (v + 0.5) + map[2];
      const y = map[3] * (u + 0.5) + map[4] * (v + 0.5) + map[5];
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      const across = neighbours(x, width, columns);
      const along = neighbours(y, height, rows);
      for (let c = 0; c < channels; c++) {
        for (let j = 0; j < 4; j++) {
          const row = rows[j] * width;
          lines[j] = between(
            pixels[(row + columns[0]) * channels + c],
            pixels[(row + columns[1]) * channels + c],
            pixels[(row + columns[2]) * channels + c],
            pixels[(row + columns[3]) * channels + c],
            across,
            a,
          );
        }
        out[to + c] = toByte(between(lines[0], lines[1], lines[2], lines[3], along, a));
      }
    }
  }
  return out;
}

/** The same for maps that do not turn: a row of the source is stretched once for many of the result. */
function upright(pixels, [height, width], channels, map, part, a) {
  const out = new Uint8Array(part.width * part.height * channels);
  const stretched = new Map(); // {row of the source: Float64Array [part.width, channels]}
  const rows = new Int32Array(4);
  for (let v = 0; v < part.height; v++) {
    const y = map[4] * (part.top + v + 0.5) + map[5];
    if (y < 0 || y >= height) continue;
    const along = neighbours(y, height, rows);
    for (const row of stretched.keys()) if (row < rows[0]) stretched.delete(row);
    const [line1, line2, line3, line4] = Array.from(rows, (row) => {
      if (!stretched.has(row)) {
        const line = pixels.subarray(row * width * channels, (row + 1) * width * channels);
        stretched.set(row, stretch(line, width, channels, map, part, a));
      }
      return stretched.get(row);
    });
    const to = v * part.width * channels;
    for (let i = 0; i < part.width * channels; i++) {
      out[to + i] = toByte(between(line1[i], line2[i], line3[i], line4[i], along, a));
    }
  }
  return out;
}

/** A row at the places of the result's columns; 0 outside. */
function stretch(line, width, channels, map, part, a) {
  const out = new Float64Array(part.width * channels);
  const columns = new Int32Array(4);
  for (let u = 0; u < part.width; u++) {
    const x = map[0] * (part.left + u + 0.5) + map[2];
    if (x < 0 || x >= width) continue;
    const across = neighbours(x, width, columns);
    for (let c = 0; c < channels; c++) {
      out[u * channels + c] = between(
        line[columns[0] * channels + c],
        line[columns[1] * channels + c],
        line[columns[2] * channels + c],
        line[columns[3] * channels + c],
        across,
        a,
      );
    }
  }
  return out;
}
