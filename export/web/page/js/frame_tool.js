/** Chooses by hand what the network sees of a photo: drag, zoom, keys, or three taps on a face. */

import {
  axes, centerBox, corners, DEEPEST, faceSquare, largestScale, moved, sides,
} from "./place.js";

const TAPS = [
  ["leftEye", "Tap the eye on the left"],
  ["rightEye", "Tap the eye on the right"],
  ["mouth", "Tap the middle of the mouth"],
];
const STEP = 0.02; // of the photo's shorter side, of a key
const ZOOM = 1.06; // of a key or a notch of the wheel

export class FrameTool {
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {{zoom: HTMLInputElement, middle: HTMLButtonElement, face: HTMLButtonElement}} controls
   * @param {{placed: (place: import("./place.js").Place) => void, hint: (text: string) => void}} told
   */
  constructor(stage, controls, told) {
    Object.assign(this, { stage, controls, told });
    this.pointers = new Map();
    this.taps = null;
    const { overlay } = stage;
    overlay.addEventListener("pointerdown", (event) => this.press(event));
    overlay.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      overlay.addEventListener(end, (event) => this.release(event));
    }
    overlay.addEventListener("wheel", (event) => this.turnWheel(event), { passive: false });
    overlay.addEventListener("keydown", (event) => this.pressKey(event));
    controls.zoom.addEventListener("input", () => this.zoomTo(this.scaleOf(controls.zoom.value)));
    controls.zoom.addEventListener("change", () => this.tell());
    controls.middle.addEventListener("click", () => {
      this.setPlace(centerBox(this.photo, this.network));
      this.tell();
    });
    controls.face.addEventListener("click", () => this.startTaps());
  }

  get active() {
    return document.body.dataset.tool === "frame" && this.photo;
  }

  /**
   * @param {[number, number]} photo height and width
   * @param {import("./manifest.js").Export} model
   * @param {import("./place.js").Place} place
   */
  set(photo, model, place) {
    this.photo = photo;
    this.model = model;
    this.network = model.size;
    this.rule = model.framing.crop.face_square;
    this.controls.face.hidden = !model.isSquare;
    this.stopTaps();
    this.setPlace(place);
  }

  setPlace(place) {
    this.place = place;
    const most = largestScale(this.photo, this.network);
    this.controls.zoom.value = 1 + Math.log(this.scale / most) / Math.log(DEEPEST);
    this.stage.draw();
  }

  /** Pixels of the photo for one of the network. */
  get scale() {
    return sides(this.place)[0] / this.network[0];
  }

  /** That at a position of the slider, 1 for the largest box. */
  scaleOf(position) {
    return largestScale(this.photo, this.network) * DEEPEST ** (position - 1);
  }

  change(centre, scale) {
    this.setPlace(moved(this.place, centre, scale, this.photo, this.network));
  }

  zoomTo(scale) {
    this.change(axes(this.place).centre, scale);
  }

  tell() {
    this.told.placed(this.place);
  }

  // === Pointers and keys ===

  press(event) {
    if (!this.active) return;
    const point = this.stage.point(event);
    if (this.taps) {
      this.tap(point);
      return;
    }
    this.stage.overlay.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, point);
    this.hold();
  }

  /** Remembers from where fingers move: places lie on whole pixels, so small moves would be lost. */
  hold() {
    this.held = { ...this.grip(), centre: axes(this.place).centre, scale: this.scale };
  }

  /** Middle of the pointers, and their distance where there are two. */
  grip() {
    const points = [...this.pointers.values()];
    const [a, b = a] = points;
    return {
      middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2],
      distance: points.length > 1 ? Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1) : 1,
    };
  }

  move(event) {
    if (!this.active || !this.pointers.has(event.pointerId)) return;
    this.pointers.set(event.pointerId, this.stage.point(event));
    const { middle, distance } = this.grip();
    const { held } = this;
    const centre = held.centre.map((value, i) => value + middle[i] - held.middle[i]);
    this.change(centre, (held.scale * distance) / held.distance);
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pointers.size) this.hold();
    else this.tell();
  }

  turnWheel(event) {
    if (!this.active) return;
    event.preventDefault();
    this.zoomTo(this.scale * ZOOM ** Math.sign(event.deltaY));
    this.tellSoon();
  }

  pressKey(event) {
    if (!this.active) return;
    const step = STEP * Math.min(...this.photo);
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const zooms = { "+": 1 / ZOOM, "=": 1 / ZOOM, "-": ZOOM };
    const { centre } = axes(this.place);
    if (event.key in moves) {
      this.change(centre.map((value, i) => value + step * moves[event.key][i]), this.scale);
    } else if (event.key in zooms) this.zoomTo(this.scale * zooms[event.key]);
    else if (event.key === "Escape") this.stopTaps();
    else return;
    event.preventDefault();
    this.tellSoon();
  }

  tellSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), 200);
  }

  // === Three taps ===

  startTaps() {
    this.taps = [];
    document.body.classList.add("marking");
    this.told.hint(TAPS[0][1]);
  }

  stopTaps() {
    this.taps = null;
    document.body.classList.remove("marking");
    this.told.hint("");
    this.stage.draw();
  }

  tap(point) {
    this.taps.push(point);
    this.stage.draw();
    if (this.taps.length < TAPS.length) {
      this.told.hint(TAPS[this.taps.length][1]);
      return;
    }
    // 0 at the centre of the first pixel.
    const points = Object.fromEntries(
      TAPS.map(([name], i) => [name, this.taps[i].map((value) => value - 0.5)]));
    const square = faceSquare(points, this.rule);
    this.stopTaps();
    if (square) {
      this.setPlace(square);
      this.tell();
    }
  }

  /** Darkens what the network does not see. */
  paint(context, pixel) {
    const points = corners(this.place);
    const outline = () => {
      points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
    };
    context.beginPath();
    context.rect(0, 0, this.photo[1], this.photo[0]);
    outline();
    context.fillStyle = "rgb(10 8 20 / 55%)";
    context.fill("evenodd");
    context.beginPath();
    outline();
    context.lineWidth = 3 * pixel;
    context.strokeStyle = "white";
    context.stroke();
    for (const [x, y] of this.taps ?? []) {
      context.beginPath();
      context.arc(x, y, 8 * pixel, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
