/**
 * The photos' worker: reads files, cuts what the network is given, puts edits back. Photos stay here,
 * decoded; what is computed of them is read a strip at a time.
 */

import { cut, pasteBack } from "./framing.js";
import { storedSize } from "./picture_header.js";
import { blend, toFloat, toRgb, toRgba } from "./pixels.js";
import { answer, Refusal } from "./rpc.js";

const MOST_PIXELS = Math.floor(2 ** 30 / 12); // as of the package: 1 GiB of 3 channels of 4 bytes
const HEADER_BYTES = 2 ** 20; // a JPEG's size comes after its other segments
const PREVIEW = 1600; // pixels of the longer side of what is shown
const JPEG_QUALITY = 0.95;

/** `Pixels` of a decoded photo; transparent parts are white. */
class BitmapPixels {
  constructor(bitmap) {
    this.bitmap = bitmap;
    this.size = [bitmap.height, bitmap.width];
    this.canvas = new OffscreenCanvas(1, 1);
  }

  read(left, top, width, height) {
    if (this.canvas.width !== width || this.canvas.height < height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(this.bitmap, left, top, width, height, 0, 0, width, height);
    return toRgb(context.getImageData(0, 0, width, height).data);
  }
}

const photos = new Map();
let next = 0;

/** Decodes a file, upright by its EXIF entry and in sRGB. */
async function open({ file }) {
  const size = storedSize(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()));
  if (size && size[0] * size[1] > MOST_PIXELS) {
    const millions = Math.round((size[0] * size[1]) / 1e6);
    throw new Refusal(`It has ${millions} million pixels; ${Math.floor(MOST_PIXELS / 1e6)} are the most.`);
  }
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { premultiplyAlpha: "none" });
  } catch {
    const what = size ? "damaged, or too large for this browser" : "no picture that this browser knows";
    throw new Refusal(`It is ${what}.`);
  }
  const id = next++;
  photos.set(id, new BitmapPixels(bitmap));
  const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
  const preview = await createImageBitmap(bitmap, {
    resizeWidth: Math.max(1, Math.round(bitmap.width * scale)),
    resizeHeight: Math.max(1, Math.round(bitmap.height * scale)),
    resizeQuality: "high",
  });
  const result = { id, size: [bitmap.height, bitmap.width], preview };
  return { result, transfer: [preview] };
}

function close({ photo }) {
  photos.get(photo)?.bitmap.close();
  photos.delete(photo);
}

/** What the network is given: its bytes [h, w, 3] and values [h, w, channels] in [0, 1]. */
function cutOut({ photo, place, framing, channels }) {
  const bytes = cut(photos.get(photo), place, framing);
  const values = toFloat(bytes, channels);
  return { result: { bytes, values }, transfer: [bytes.buffer, values.buffer] };
}

/** The whole photo with an edit in its place, as a file. */
async function photoFile({ photo, edited, place, framing, strength, type }) {
  const source = photos.get(photo);
  const [height, width] = source.size;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new Refusal(`This browser cannot draw ${width} × ${height} pixels.`);
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(source.bitmap, 0, 0);
  pasteBack(source, edited, place, framing, strength, (left, top, columns, rows) => {
    context.putImageData(new ImageData(toRgba(rows), columns), left, top);
  });
  return canvas.convertToBlob({ type, quality: JPEG_QUALITY });
}

/** The cut-out at a strength, as a file. */
function cutOutFile({ before, edited, framing, strength, type }) {
  const canvas = new OffscreenCanvas(framing.width, framing.height);
  const pixels = toRgba(blend(before, edited, strength));
  canvas.getContext("2d").putImageData(new ImageData(pixels, framing.width), 0, 0);
  return canvas.convertToBlob({ type, quality: JPEG_QUALITY });
}

answer({ open, close, cutOut, photoFile, cutOutFile });
