/** The page: connects files, camera and controls with the session, and the session with the stage. */

import { useCamera } from "./camera.js";
import { download, onChosen, onDropped, onPasted } from "./files.js";
import { FrameTool } from "./frame_tool.js";
import { layersOf } from "./layers.js";
import { readCatalog } from "./manifest.js";
import { devices, Models } from "./models.js";
import { PaintTool } from "./paint_tool.js";
import {
  fillSelect, loadText, showFacts, showLatency, showRefused, showThumbnail,
} from "./panel.js";
import { affine, centerBox, isWhole } from "./place.js";
import { Remote } from "./rpc.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { StylesPanel } from "./styles_panel.js";

const byId = (id) => document.getElementById(id);
const checked = (name) => document.querySelector(`input[name=${name}]:checked`).value;
const onRadio = (name, act) => document.querySelectorAll(`input[name=${name}]`)
  .forEach((input) => input.addEventListener("change", act));

const WANTS_REFERENCE = "Choose a reference photo, then paint where it is taken.";

class Page {
  constructor({ exports, refused }, found) {
    this.exports = exports;
    this.devices = found;
    this.photos = new Remote(new Worker("/js/photo_worker.js", { type: "module" }));
    this.models = new Models();
    this.session = new Session(this.photos, this.models, {
      state: (name, detail) => this.showState(name, detail),
      edit: (edit) => this.showEdit(edit),
      loaded: (loaded) => this.showLoaded(loaded),
    });
    this.stage = new Stage({
      picture: byId("picture"), canvas: byId("canvas"),
      overlay: byId("overlay"), divider: byId("divider"),
    });
    this.edit = null;
    this.layers = null;
    this.makeTools();
    this.connectFiles();
    this.connectControls();
    showRefused(byId("refused"), refused);
    fillSelect(byId("model"), exports.map(({ id }) => ({ id, label: id })));
    fillSelect(byId("device"), found);
    document.body.dataset.tool = "compare";
    this.chooseModel();
  }

  get wish() {
    return this.session.wish;
  }

  // === Parts ===

  makeTools() {
    this.frame = new FrameTool(this.stage, {
      zoom: byId("zoom"), middle: byId("middle"), face: byId("mark-face"),
    }, {
      placed: (place) => this.place(place),
      hint: (text) => this.say(text),
    });
    this.paint = new PaintTool(this.stage, {
      width: byId("brush-width"), undo: byId("mask-undo"),
      clear: byId("mask-clear"), fill: byId("mask-fill"),
    }, (mask) => this.session.change({ mask }));
    this.styles = new StylesPanel({
      seed: byId("seed"), shuffle: byId("shuffle"), count: byId("style-count"),
      grid: byId("styles"), drawing: byId("drawing-thumbnail"),
    }, {
      chosen: (seed) => this.session.change({ style: { seed } }),
      wanted: () => this.drawStyles(),
    });
  }

  connectFiles() {
    const take = (file) => this.takePhoto(file, file.name);
    onChosen(byId("file"), take);
    onDropped(byId("stage"), take);
    onPasted(take);
    onChosen(byId("reference"), (file) => this.takeReference(file));
    onChosen(byId("drawing"), (file) => this.takeDrawing(file));
    byId("drop").addEventListener("click", () => byId("file").click());
    useCamera({
      button: byId("camera"), dialog: byId("camera-dialog"), video: byId("video"),
      take: byId("take"), turn: byId("turn"),
    }, {
      photo: (file, name) => this.takePhoto(file, name),
      failed: (text) => this.complain(text),
    });
  }

  connectControls() {
    byId("model").addEventListener("change", () => this.chooseModel());
    byId("device").addEventListener("change", () => this.session.change({ device: this.device }));
    byId("strength").addEventListener("input", () => this.showStrength());
    byId("save").addEventListener("click", () => this.save());
    byId("drawing-thumbnail").addEventListener("click", () => this.chooseDrawing());
    byId("notes").addEventListener("toggle", () => this.showNotes());
    onRadio("view", () => this.refresh());
    onRadio("tool", () => this.chooseTool(checked("tool")));
  }

  get device() {
    return this.devices.find(({ id }) => id === byId("device").value);
  }

  // === Wishes ===

  chooseModel() {
    const model = this.exports.find(({ id }) => id === byId("model").value);
    const before = this.wish.model;
    showFacts(byId("facts"), model);
    byId("style-card").hidden = !model.style;
    byId("drawing-row").hidden = !model.readStyle;
    byId("no-drawing").hidden = Boolean(model.readStyle);
    byId("reference-card").hidden = !model.reference;
    byId("paint-choice").hidden = !model.mask;
    if (model.reference) byId("reference-note").textContent = sentence(model.reference.about);
    if (!model.mask && checked("tool") === "paint") this.chooseTool("compare");
    const [low, high] = model.framing.strength.range;
    Object.assign(byId("strength"), { min: low, max: high });
    const style = this.wish.style.drawing && !model.readStyle
      ? { seed: this.styles.value } : this.wish.style;
    const sameShape = before && before.size[0] * model.size[1] === before.size[1] * model.size[0];
    const place = sameShape ? this.wish.place : null;
    this.clearMessage();
    this.session.change({
      model, style, place, device: this.device, mask: this.emptyMask(model),
    });
    this.chooseView();
    this.refresh();
  }

  async open(file, name) {
    this.clearMessage();
    try {
      return { ...(await this.photos.call("open", { file })), name };
    } catch (error) {
      this.complain(`${name} cannot be shown. ${error.message}`);
      return null;
    }
  }

  async takePhoto(file, name) {
    const photo = await this.open(file, name);
    if (!photo) return;
    this.forget(this.wish.photo);
    this.showEdit(null);
    byId("drop").hidden = true;
    byId("tools").hidden = false;
    const { model } = this.wish;
    const mask = this.emptyMask(model);
    this.session.change({ photo, place: null, mask });
    this.chooseView();
    this.refresh();
  }

  async takeReference(file) {
    const reference = await this.open(file, file.name);
    if (!reference) return;
    this.forget(this.wish.reference);
    showThumbnail(byId("reference-thumbnail"), reference);
    await this.session.change({ reference });
    if (this.edit && this.wish.mask?.every((value) => value === 0)) this.chooseTool("paint");
  }

  async takeDrawing(file) {
    const drawing = await this.open(file, file.name);
    if (!drawing) return;
    this.forget(this.drawing);
    this.drawing = drawing;
    showThumbnail(byId("drawing-thumbnail"), drawing);
    this.chooseDrawing();
  }

  chooseDrawing() {
    this.styles.mark(null);
    this.session.change({ style: { drawing: this.drawing } });
  }

  emptyMask(model) {
    return model.mask ? this.paint.reset(model.size).slice() : null;
  }

  forget(photo) {
    if (photo) this.photos.call("close", { photo: photo.id });
  }

  place(place) {
    const { model } = this.wish;
    const mask = this.emptyMask(model);
    this.session.change({ place, mask });
  }

  /** Draws the small pictures that are missing, at one time only. */
  async drawStyles() {
    const { model } = this.wish;
    if (this.drawsStyles || !this.edit || !model.style || this.styles.missing() === undefined) return;
    this.drawsStyles = true;
    await this.session.drawStyles(
      () => this.styles.missing(),
      (seed, pixels) => this.styles.show(seed, pixels, model.size),
    );
    this.drawsStyles = false;
    this.showRuns();
  }

  // === What is shown ===

  showState(name, detail) {
    document.body.dataset.state = name;
    const share = name === "loading" && detail > 0 ? ` ${Math.round(100 * detail)} %` : "";
    this.showBusy({ loading: `Loading the model${share} …`, running: "Editing …" }[name]);
    if (name === "failed") this.complain(detail);
    if (name === "waiting" && detail === "reference") this.say(WANTS_REFERENCE);
    if (name === "ready") {
      this.showRuns();
      this.drawStyles();
    }
  }

  /** @param {string} [text] what goes on; what is done at once does not flicker */
  showBusy(text) {
    clearTimeout(this.busyTimer);
    byId("busy-text").textContent = text ?? "";
    if (text) this.busyTimer = setTimeout(() => { byId("busy").hidden = false; }, 150);
    else byId("busy").hidden = true;
  }

  showEdit(edit) {
    const isFirst = edit && !this.edit;
    this.edit = edit;
    this.layers = edit && layersOf(edit);
    document.body.toggleAttribute("data-edited", Boolean(edit));
    byId("strength").disabled = byId("save").disabled = !edit;
    if (edit?.model.style) {
      this.styles.reset(JSON.stringify([edit.model.id, this.wish.photo.id, edit.place]));
      this.styles.mark(this.wish.style.drawing ? null : this.wish.style.seed);
    }
    if (isFirst) this.clearMessage();
    this.refresh();
  }

  showLoaded(loaded) {
    byId("runs-on").textContent = `Runs on ${loaded.runsOn}. ${loaded.fallback ?? ""}`.trim();
    byId("load-time").textContent = loadText(loaded);
    if (loaded.fallback) this.complain(`${loaded.fallback} The processor does it instead.`);
    this.showRuns();
    this.showNotes();
  }

  async showNotes() {
    const notes = await this.models.notes();
    byId("notes").querySelector("pre").textContent = notes.join("\n");
  }

  showRuns() {
    showLatency(byId("latency"), this.session.latency);
    const { runs } = this.models;
    byId("runs").textContent = `${runs} ${runs === 1 ? "run" : "runs"} so far.`;
    byId("runs").dataset.runs = runs;
  }

  showStrength() {
    const strength = Number(byId("strength").value);
    byId("strength-value").textContent = `${Math.round(100 * strength)} %`;
    this.stage.setStrength(strength);
  }

  /** A sensible view of a new photo or model: the cut-out where it is all there is to see. */
  chooseView() {
    const { model, photo } = this.wish;
    const cut = model.style || (photo && isWhole(this.placeNow, photo.size));
    document.querySelector(`input[name=view][value=${cut ? "cut" : "photo"}]`).checked = true;
  }

  chooseTool(tool) {
    document.querySelector(`input[name=tool][value=${tool}]`).checked = true;
    document.body.dataset.tool = tool;
    byId("frame-options").hidden = tool !== "frame";
    byId("paint-options").hidden = tool !== "paint";
    byId("views").hidden = tool !== "compare";
    byId("overlay").tabIndex = tool === "compare" ? -1 : 0;
    byId("overlay").setAttribute("aria-label", {
      compare: "", paint: "Paint where the reference is taken",
      frame: "What the network sees: arrows move it, plus and minus change its size",
    }[tool]);
    this.frame.taps = null;
    if (tool === "frame") this.frame.set(this.wish.photo.size, this.wish.model, this.placeNow);
    this.refresh();
  }

  get placeNow() {
    const { model, photo, place } = this.wish;
    return place ?? centerBox(photo.size, model.size);
  }

  /** Shows photo or cut-out, and the edit over it. */
  refresh() {
    const { photo, model } = this.wish;
    if (!photo) return;
    const tool = checked("tool");
    if (tool === "frame" && (this.frame.model !== model || this.frame.photo !== photo.size)) {
      this.frame.set(photo.size, model, this.placeNow);
    }
    const paints = { frame: this.frame, paint: this.paint, compare: null }[tool];
    this.stage.paint = paints ? (...drawing) => paints.paint(...drawing) : () => {};
    if (this.showsCutOut && this.edit) {
      this.stage.show(this.layers.before, model.size);
      this.stage.setLayer({ source: this.layers.edited, map: [1, 0, 0, 0, 1, 0] });
    } else {
      this.stage.show(photo.preview, photo.size);
      const shown = this.edit && tool !== "frame";
      this.stage.setLayer(shown
        ? { source: this.layers.soft, map: affine(this.edit.place, model.size) } : null);
    }
  }

  get showsCutOut() {
    return checked("tool") === "paint" || (checked("tool") === "compare" && checked("view") === "cut");
  }

  // === Messages and files ===

  complain(text) {
    Object.assign(byId("message"), { textContent: text, hidden: false, className: "message" });
  }

  say(text) {
    Object.assign(byId("message"), { textContent: text, hidden: !text, className: "message plain" });
  }

  clearMessage() {
    this.say("");
  }

  async save() {
    const { model, before, edited, place } = this.edit;
    const type = byId("save-type").value;
    const values = {
      photo: this.wish.photo.id, before, edited, place, framing: model.framing, type,
      strength: Number(byId("strength").value),
    };
    this.showBusy("Saving …");
    try {
      const call = this.showsCutOut ? "cutOutFile" : "photoFile";
      const file = await this.photos.call(call, values);
      const stem = this.wish.photo.name.replace(/\.[^.]*$/, "");
      download(file, `${stem}-${model.id}.${type === "image/png" ? "png" : "jpg"}`);
    } catch (error) {
      this.complain(`The picture could not be saved: ${error.message}`);
    } finally {
      this.showBusy();
    }
  }
}

/** "whose parts are taken" -> "Whose parts are taken." */
function sentence(words) {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

async function start() {
  try {
    if (!self.isSecureContext) {
      throw new Error(`open it at 127.0.0.1: at ${location.hostname} browsers give it no camera and `
        + "no way to check models");
    }
    const [catalog, found] = await Promise.all([readCatalog(), devices()]);
    if (catalog.exports.length === 0) {
      showRefused(byId("refused"), catalog.refused);
      throw new Error("there is no model that edits photos");
    }
    new Page(catalog, found);
  } catch (error) {
    document.body.dataset.state = "failed";
    const message = byId("message");
    message.textContent = `This page cannot start: ${error.message}.`;
    message.hidden = false;
  }
}

start();
