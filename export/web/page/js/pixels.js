/** Bytes of pictures <-> what networks take and give, and their mixture. */

import { roundHalfEven } from "./rounding.js";

/**
 * Bytes -> values in [0, 1] of a photo with 3 channels, or with 1 as their mean.
 *
 * @param {Uint8Array} bytes [H, W, 3]
 * @param {number} channels
 * @returns {Float32Array} [H, W, channels]
 */
export function toFloat(bytes, channels = 3) {
  if (channels === 3) return Float32Array.from(bytes, (byte) => byte / 255);
  return Float32Array.from({ length: bytes.length / 3 }, (_, i) => (
    (bytes[3 * i] + bytes[3 * i + 1] + bytes[3 * i + 2]) / (3 * 255)
  ));
}

/**
 * Values in [0, 1] -> bytes with 3 channels: clip(round(255 v), 0, 255).
 *
 * @param {Float32Array} values [H, W, channels]
 * @param {number} channels 1 or 3
 * @returns {Uint8Array} [H, W, 3]
 */
export function toBytes(values, channels = 3) {
  const out = new Uint8Array((values.length / channels) * 3);
  for (let i = 0; i < out.length; i++) {
    const value = values[channels === 3 ? i : Math.floor(i / 3)];
    out[i] = Math.min(Math.max(roundHalfEven(255 * value), 0), 255);
  }
  return out;
}

/**
 * photo + strength · (edited - photo).
 *
 * @param {Uint8Array} photo [H, W, 3]
 * @param {Uint8Array} edited [H, W, 3]
 * @param {number} strength in [0, 1]
 */
export function blend(photo, edited, strength) {
  return Uint8Array.from(photo, (byte, i) => roundHalfEven(byte + strength * (edited[i] - byte)));
}

/**
 * Bytes for a canvas.
 *
 * @param {Uint8Array} rgb [H, W, 3]
 * @param {Uint8Array} [alpha] [H, W]; opaque without
 * @returns {Uint8ClampedArray} [H, W, 4]
 */
export function toRgba(rgb, alpha) {
  const out = new Uint8ClampedArray((rgb.length / 3) * 4);
  for (let i = 0; i < rgb.length / 3; i++) {
    out[4 * i] = rgb[3 * i];
    out[4 * i + 1] = rgb[3 * i + 1];
    out[4 * i + 2] = rgb[3 * i + 2];
    out[4 * i + 3] = alpha ? alpha[i] : 255;
  }
  return out;
}

/** [H, W, 3] of a canvas' [H, W, 4]. */
export function toRgb(rgba) {
  const out = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0; i < rgba.length / 4; i++) {
    out[3 * i] = rgba[4 * i];
    out[3 * i + 1] = rgba[4 * i + 1];
    out[3 * i + 2] = rgba[4 * i + 2];
  }
  return out;
}
