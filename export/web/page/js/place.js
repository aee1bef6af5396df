/**
 * Where in a photo the network looks: a box of whole pixels, or a turned square around a face.
 *
 * @typedef {{kind: "box", left: number, top: number, width: number, height: number}} Box
 * @typedef {{kind: "square", centre: [number, number], half: [number, number]}} Square `half` goes
 *     from the centre to the middle of the right side; pixels from the photo's left upper corner.
 * @typedef {Box | Square} Place
 */

import { clamp, roundHalfEven } from "./rounding.js";

/**
 * The middle of a photo, as large as it allows at the network's shape (`crop.center`).
 *
 * @param {[number, number]} photo height and width
 * @param {[number, number]} network height and width
 * @returns {Box}
 */
export function centerBox([photoHeight, photoWidth], [height, width]) {
  const scale = largestScale([photoHeight, photoWidth], [height, width]);
  const kept = [roundHalfEven(scale * height), roundHalfEven(scale * width)];
  return {
    kind: "box",
    left: Math.floor((photoWidth - kept[1]) / 2),
    top: Math.floor((photoHeight - kept[0]) / 2),
    width: kept[1],
    height: kept[0],
  };
}

/** Pixels of the photo for one of the network in the largest box. */
export function largestScale([photoHeight, photoWidth], [height, width]) {
  return Math.min(photoHeight / height, photoWidth / width);
}

/** How many times smaller than the largest box a place may be made. */
export const DEEPEST = 64;

/**
 * A place that was moved and resized by hand: a box stays inside of the photo, a square with its
 * centre.
 *
 * @param {Place} place
 * @param {[number, number]} centre x and y
 * @param {number} scale pixels of the photo for one of the network
 * @returns {Place}
 */
export function moved(place, centre, scale, photo, network) {
  const most = largestScale(photo, network);
  const now = sides(place)[0] / network[0]; // a square may be larger than any box
  const held = clamp(scale, most / DEEPEST, Math.max(most, now));
  if (place.kind === "square") {
    const factor = held / now;
    return {
      ...place,
      centre: [clamp(centre[0], 0, photo[1]), clamp(centre[1], 0, photo[0])],
      half: place.half.map((value) => value * factor),
    };
  }
  const height = Math.min(Math.max(roundHalfEven(held * network[0]), 1), photo[0]);
  const width = Math.min(Math.max(roundHalfEven(held * network[1]), 1), photo[1]);
  return {
    kind: "box",
    left: clamp(Math.round(centre[0] - width / 2), 0, photo[1] - width),
    top: clamp(Math.round(centre[1] - height / 2), 0, photo[0] - height),
    width,
    height,
  };
}

/**
 * FFHQ's square from two eyes and the middle of the mouth (`crop.face_square`).
 *
 * @param {{leftEye: number[], rightEye: number[], mouth: number[]}} points x and y, 0 at the centre
 *     of the first pixel
 * @param {{eyes_factor: number, mouth_factor: number, centre_shift: number}} rule
 * @returns {Square | null} null where the points lie in one place
 */
export function faceSquare({ leftEye, rightEye, mouth }, rule) {
  const eyes = [(leftEye[0] + rightEye[0]) / 2, (leftEye[1] + rightEye[1]) / 2];
  const between = [rightEye[0] - leftEye[0], rightEye[1] - leftEye[1]];
  const down = [mouth[0] - eyes[0], mouth[1] - eyes[1]];
  const across = [between[0] + down[1], between[1] - down[0]];
  const length = Math.hypot(...across);
  if (!(length >= 1e-6)) return null;
  const half = Math.max(
    rule.eyes_factor * Math.hypot(...between),
    rule.mouth_factor * Math.hypot(...down),
  );
  return {
    kind: "square",
    centre: [0, 1].map((i) => eyes[i] + rule.centre_shift * down[i] + 0.5),
    half: across.map((value) => (value / length) * half),
  };
}

/**
 * Centre and half axes of a place: from the centre to the middle of the right and of the lower side.
 *
 * @param {Place} place
 * @returns {{centre: number[], right: number[], down: number[]}}
 */
export function axes(place) {
  if (place.kind === "box") {
    return {
      centre: [place.left + place.width / 2, place.top + place.height / 2],
      right: [place.width / 2, 0],
      down: [0, place.height / 2],
    };
  }
  return { centre: place.centre, right: place.half, down: [-place.half[1], place.half[0]] };
}

/** Lengths of the sides, [height, width] in pixels of the photo. */
export function sides(place) {
  const { right, down } = axes(place);
  return [2 * Math.hypot(...down), 2 * Math.hypot(...right)];
}

/**
 * [a, b, c, d, e, f] with x = a u + b v + c and y = d u + e v + f: from pixels (u, v) of a picture of
 * [height, width] that fills the place to pixels of the photo.
 */
export function affine(place, [height, width]) {
  const { centre, right, down } = axes(place);
  const [a, d] = right.map((value) => (2 * value) / width);
  const [b, e] = down.map((value) => (2 * value) / height);
  return [a, b, centre[0] - right[0] - down[0], d, e, centre[1] - right[1] - down[1]];
}

/** The way back of an affine map. */
export function inverse([a, b, c, d, e, f]) {
  const det = a * e - b * d;
  return [
    e / det, -b / det, (b * f - c * e) / det,
    -d / det, a / det, (c * d - a * f) / det,
  ];
}

/** Corners in the order of a walk around: [[x, y], …]. */
export function corners(place) {
  const { centre, right, down } = axes(place);
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([u, v]) => [
    centre[0] + u * right[0] + v * down[0],
    centre[1] + u * right[1] + v * down[1],
  ]);
}

/** Whether a place is all of the photo. */
export function isWhole(place, [height, width]) {
  return place.kind === "box" && place.width === width && place.height === height;
}
