/** Canvases of an edit for the stage. */

import { softMask } from "./framing.js";
import { toRgba } from "./pixels.js";

function canvasOf(rgba, [height, width]) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(new ImageData(rgba, width), 0, 0);
  return canvas;
}

/**
 * @param {import("./session.js").Edit} edit
 * @returns {{before: HTMLCanvasElement, edited: HTMLCanvasElement, soft: HTMLCanvasElement}} what the
 *     network was given, what it made of it, and that with the soft border of `paste_back`
 */
export function layersOf({ model, before, edited }) {
  const { size } = model;
  return {
    before: canvasOf(toRgba(before), size),
    edited: canvasOf(toRgba(edited), size),
    soft: canvasOf(toRgba(edited, softMask(size, model.framing.paste_back.feather)), size),
  };
}
