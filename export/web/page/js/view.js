/** Which tool is in hand and what the stage shows: the whole photo or the cut-out, the edit over it. */

import { layersOf } from "./layers.js";
import { affine, centerBox, isWhole } from "./place.js";

const byId = (id) => document.getElementById(id);
const checked = (name) => document.querySelector(`input[name=${name}]:checked`).value;
const check = (name, value) => {
  document.querySelector(`input[name=${name}][value=${value}]`).checked = true;
};
const LABELS = { // of what the pointer works on
  compare: "",
  paint: "Paint where the reference is taken",
  frame: "What the network sees: arrows move it, plus and minus change its size",
};

export class View {
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {{frame: import("./frame_tool.js").FrameTool, paint: import("./paint_tool.js").PaintTool}}
   *     tools
   * @param {object} wish of the session, which changes in place
   */
  constructor(stage, tools, wish) {
    Object.assign(this, { stage, tools, wish });
    this.edit = null;
    this.layers = null;
    document.body.dataset.tool = checked("tool");
    const onRadio = (name, act) => document.querySelectorAll(`input[name=${name}]`)
      .forEach((input) => input.addEventListener("change", act));
    onRadio("view", () => this.refresh());
    onRadio("tool", () => this.chooseTool(checked("tool")));
  }

  get tool() {
    return checked("tool");
  }

  /** Whether the cut-out is shown and saved, not the whole photo. */
  get isCutOut() {
    return this.tool === "paint" || (this.tool === "compare" && checked("view") === "cut");
  }

  /** Where the network looks, also where nobody said so. */
  get place() {
    const { model, photo, place } = this.wish;
    return place ?? centerBox(photo.size, model.size);
  }

  /** @param {import("./session.js").Edit | null} edit */
  show(edit) {
    this.edit = edit;
    this.layers = edit && layersOf(edit);
    document.body.toggleAttribute("data-edited", Boolean(edit));
    this.refresh();
  }

  /** A sensible view of a new photo or model: the cut-out where it is all there is to see. */
  choose() {
    const { model, photo } = this.wish;
    const cut = model.style || (photo && isWhole(this.place, photo.size));
    check("view", cut ? "cut" : "photo");
    this.refresh();
  }

  /** @param {"compare" | "frame" | "paint"} tool */
  chooseTool(tool) {
    check("tool", tool);
    document.body.dataset.tool = tool;
    byId("frame-options").hidden = tool !== "frame";
    byId("paint-options").hidden = tool !== "paint";
    byId("views").hidden = tool !== "compare";
    byId("overlay").tabIndex = tool === "compare" ? -1 : 0;
    byId("overlay").setAttribute("aria-label", LABELS[tool]);
    this.tools.frame.stopTaps();
    if (tool === "frame") this.holdFrame();
    this.refresh();
  }

  holdFrame() {
    this.tools.frame.set(this.wish.photo.size, this.wish.model, this.place);
  }

  refresh() {
    const { photo, model } = this.wish;
    if (!photo) return;
    const { frame } = this.tools;
    const isFramed = this.tool === "frame";
    if (isFramed && (frame.model !== model || frame.photo !== photo.size)) this.holdFrame();
    const inHand = this.tools[this.tool];
    this.stage.paint = inHand ? (...drawing) => inHand.paint(...drawing) : () => {};
    if (this.isCutOut && this.edit) {
      this.stage.show(this.layers.before, model.size);
      this.stage.setLayer({ source: this.layers.edited, map: [1, 0, 0, 0, 1, 0] });
      return;
    }
    this.stage.show(photo.preview, photo.size);
    const layer = this.edit && !isFramed
      ? { source: this.layers.soft, map: affine(this.edit.place, model.size) } : null;
    this.stage.setLayer(layer);
  }
}
