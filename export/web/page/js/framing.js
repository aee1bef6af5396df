/**
 * A photo of any size -> what the network is given, and its edit back into the photo, by the rules
 * of `framing` in export.json. A photo is read by rows, so that a large one needs little memory.
 *
 * @typedef {{size: [number, number], read: (left: number, top: number, width: number, height: number)
 *     => Uint8Array}} Pixels `read` gives [height, width, 3] of a part inside of the photo
 */

import { transform } from "./bicubic.js";
import { boundsOf, withOutside } from "./outside.js";
import { affine, corners, inverse, sides } from "./place.js";
import { resize, Resizer } from "./resample.js";
import { clamp, roundHalfEven } from "./rounding.js";

const STRIP = 2 ** 19; // pixels that are read at a time

/** Calls `take(top, rows)` for strips of a part. */
function strips({ top, width, height }, take) {
  const most = Math.max(1, Math.floor(STRIP / width));
  for (let done = 0; done < height; done += most) take(top + done, Math.min(most, height - done));
}

/** A part of a photo, resized: Uint8Array [h, w, 3]. */
function resizedPart(photo, part, target, rule) {
  if (part.height === target[0] && part.width === target[1]) {
    return photo.read(part.left, part.top, part.width, part.height);
  }
  const resizer = new Resizer([part.height, part.width], target, rule);
  strips(part, (top, rows) => resizer.add(photo.read(part.left, top, part.width, rows)));
  return resizer.finish();
}

/**
 * What the network is given of a photo.
 *
 * @param {Pixels} photo
 * @param {import("./place.js").Place} place
 * @param {object} framing of export.json
 * @returns {Uint8Array} [framing.height, framing.width, 3]
 */
export function cut(photo, place, framing) {
  const target = [framing.height, framing.width];
  if (place.kind === "box") return resizedPart(photo, place, target, framing.resize);
  return cutSquare(photo, place, framing);
}

/** A turned square, upright. */
function cutSquare(photo, square, framing) {
  const size = framing.height;
  const rule = framing.crop.face_square;
  const [source, moved] = shrunk(photo, square, size, framing);
  const part = around(source, moved, rule.outside);
  const side = 2 * Math.hypot(...moved.half);
  const large = size * clamp(Math.ceil(side / size), 1, rule.max_supersampling);
  const whole = { left: 0, top: 0, width: large, height: large };
  const map = affine(part.square, [large, large]);
  const turned = transform(part.pixels, part.size, 3, map, whole, rule.sampling.a);
  return resize(turned, [large, large], [size, size], framing.resize);
}

/** Photo and square at 1/n, where that leaves enough pixels for one of the result. */
function shrunk(photo, square, size, framing) {
  const { min_pixels: least } = framing.crop.face_square;
  const factor = Math.trunc((2 * Math.hypot(...square.half)) / size / least);
  if (factor < 2) return [photo, square];
  const [height, width] = photo.size;
  const target = [roundHalfEven(height / factor), roundHalfEven(width / factor)];
  const pixels = resizedPart(photo, { left: 0, top: 0, width, height }, target, framing.resize);
  const [scaleY, scaleX] = [target[0] / height, target[1] / width];
  const mean = (scaleX + scaleY) / 2;
  const centre = [square.centre[0] * scaleX, square.centre[1] * scaleY];
  const half = square.half.map((value) => value * mean);
  return [inMemory(pixels, target), { ...square, centre, half }];
}

/** What a square needs of a photo, and of its outside. */
function around(photo, square, rule) {
  const bounds = boundsOf(square, rule);
  const [height, width] = photo.size;
  const [left, top] = [Math.max(bounds.left, 0), Math.max(bounds.top, 0)];
  const size = [Math.min(bounds.bottom, height) - top, Math.min(bounds.right, width) - left];
  if (Math.min(...size) <= 0) throw new Error("The face lies outside of the photo.");
  const pixels = photo.read(left, top, size[1], size[0]);
  const centre = [square.centre[0] - left, square.centre[1] - top];
  return withOutside(pixels, size, { ...square, centre }, rule);
}

/** `Pixels` of an array [H, W, 3]. */
export function inMemory(pixels, size) {
  return {
    size,
    read(left, top, width, height) {
      const out = new Uint8Array(width * height * 3);
      for (let y = 0; y < height; y++) {
        const from = ((top + y) * size[1] + left) * 3;
        out.set(pixels.subarray(from, from + width * 3), y * width * 3);
      }
      return out;
    },
  };
}

/**
 * How strongly an edit covers each pixel of its place (`paste_back`).
 *
 * @param {[number, number]} size height and width
 * @param {number} feather part of a side, 0…0.5
 * @returns {Uint8Array} [H, W], 255 in the middle
 */
export function softMask([height, width], feather) {
  const ramp = (length) => Float64Array.from({ length }, (_, i) => {
    const distance = Math.min(i + 0.5, length - i - 0.5) / length;
    return feather ? Math.min(distance / feather, 1) : 1;
  });
  const [down, across] = [ramp(height), ramp(width)];
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      mask[y * width + x] = roundHalfEven(255 * down[y] * across[x]);
    }
  }
  return mask;
}

/**
 * Puts an edit back: photo + strength · mask · (edited - photo), strip by strip.
 *
 * @param {Pixels} photo
 * @param {Uint8Array} edited [h, w, 3] of the network's size, at full strength
 * @param {import("./place.js").Place} place from which it was cut
 * @param {object} framing of export.json
 * @param {number} strength in [0, 1]
 * @param {(left: number, top: number, width: number, rows: Uint8Array) => void} write takes
 *     [height, width, 3] of changed parts
 */
export function pasteBack(photo, edited, place, framing, strength, write) {
  let size = [framing.height, framing.width];
  const target = sides(place).map((side) => Math.max(roundHalfEven(side), 1));
  let face = edited;
  if (target[0] < size[0] || target[1] < size[1]) { // averaged down, not sampled
    face = resize(edited, size, target, framing.resize);
    size = target;
  }
  const mask = softMask(size, framing.paste_back.feather);
  const map = inverse(affine(place, size));
  const { a } = framing.crop.face_square.sampling;
  strips(changedPart(place, photo.size), (top, height) => {
    const { left, width } = changedPart(place, photo.size);
    const part = { left, top, width, height };
    const rows = photo.read(left, top, width, height);
    const faces = transform(face, size, 3, map, part, a);
    const covers = transform(mask, size, 1, map, part, a);
    for (let i = 0; i < covers.length; i++) {
      if (covers[i] === 0) continue;
      const share = (strength * covers[i]) / 255;
      for (let j = 3 * i; j < 3 * i + 3; j++) {
        rows[j] = roundHalfEven(rows[j] + share * (faces[j] - rows[j]));
      }
    }
    write(left, top, width, rows);
  });
}

/** The upright box of a photo that a place touches. */
function changedPart(place, [photoHeight, photoWidth]) {
  const points = corners(place);
  const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
  const left = Math.max(Math.floor(Math.min(...xs)), 0);
  const top = Math.max(Math.floor(Math.min(...ys)), 0);
  const right = Math.min(Math.ceil(Math.max(...xs)), photoWidth);
  const bottom = Math.min(Math.ceil(Math.max(...ys)), photoHeight);
  return { left, top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) };
}
