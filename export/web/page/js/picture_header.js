/** The size of a picture from its first bytes, before it is decoded. */

/**
 * @param {Uint8Array} bytes the beginning of a PNG, JPEG, GIF, WebP or BMP file
 * @returns {[number, number] | null} height and width as stored; null where this does not tell
 */
export function storedSize(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
  try {
    if (text(1, 3) === "PNG") return [view.getUint32(20), view.getUint32(16)];
    if (text(0, 3) === "GIF") return [view.getUint16(8, true), view.getUint16(6, true)];
    if (text(0, 2) === "BM") {
      return [Math.abs(view.getInt32(22, true)), Math.abs(view.getInt32(18, true))];
    }
    if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") return webpSize(view, text(12, 4));
    if (view.getUint16(0) === 0xffd8) return jpegSize(view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // shorter than its kind needs
  }
  return null;
}

function webpSize(view, chunk) {
  const three = (at) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
  if (chunk === "VP8X") return [three(27) + 1, three(24) + 1];
  if (chunk === "VP8 ") return [view.getUint16(28, true) & 0x3fff, view.getUint16(26, true) & 0x3fff];
  const bits = view.getUint32(21, true); // VP8L
  return [((bits >>> 14) & 0x3fff) + 1, (bits & 0x3fff) + 1];
}

/** Walks over the segments to the frame's header. */
function jpegSize(view) {
  let at = 2;
  while (view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 5), view.getUint16(at + 7)];
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}
