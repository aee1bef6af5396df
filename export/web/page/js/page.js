/** The page: connects files, camera and controls with the session, and the session with the stage. */

import { useCamera } from "./camera.js";
import { download, onChosen, onDropped, onPasted } from "./files.js";
import { FrameTool } from "./frame_tool.js";
import { readCatalog } from "./manifest.js";
import { devices, Models } from "./models.js";
import { complain, say, showBusy } from "./notices.js";
import { PaintTool } from "./paint_tool.js";
import {
  fillSelect, loadText, showFacts, showLatency, showRefused, showThumbnail,
} from "./panel.js";
import { Remote } from "./rpc.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { StylesPanel } from "./styles_panel.js";
import { View } from "./view.js";

const byId = (id) => document.getElementById(id);

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
    this.makeTools();
    this.connectFiles();
    this.connectControls();
    showRefused(byId("refused"), refused);
    fillSelect(byId("model"), exports.map(({ id }) => ({ id, label: id })));
    fillSelect(byId("device"), found);
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
      hint: say,
    });
    this.paint = new PaintTool(this.stage, {
      width: byId("brush-width"), undo: byId("mask-undo"),
      clear: byId("mask-clear"), fill: byId("mask-fill"),
    }, (mask) => this.session.change({ mask }));
    this.view = new View(this.stage, { frame: this.frame, paint: this.paint }, this.wish);
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
      failed: complain,
    });
  }

  connectControls() {
    byId("model").addEventListener("change", () => this.chooseModel());
    byId("device").addEventListener("change", () => this.session.change({ device: this.device }));
    byId("strength").addEventListener("input", () => this.showStrength());
    byId("save").addEventListener("click", () => this.save());
    byId("drawing-thumbnail").addEventListener("click", () => this.chooseDrawing());
    byId("notes").addEventListener("toggle", () => this.showNotes());
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
    if (!model.mask && this.view.tool === "paint") this.view.chooseTool("compare");
    const [low, high] = model.framing.strength.range;
    Object.assign(byId("strength"), { min: low, max: high });
    const style = this.wish.style.drawing && !model.readStyle
      ? { seed: this.styles.value } : this.wish.style;
    const sameShape = before && before.size[0] * model.size[1] === before.size[1] * model.size[0];
    const place = sameShape ? this.wish.place : null;
    say("");
    this.session.change({
      model, style, place, device: this.device, mask: this.emptyMask(model),
    });
    this.view.choose();
  }

  async open(file, name) {
    say("");
    try {
      return { ...(await this.photos.call("open", { file })), name };
    } catch (error) {
      complain(`${name} cannot be shown. ${error.message}`);
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
    this.view.choose();
  }

  async takeReference(file) {
    const reference = await this.open(file, file.name);
    if (!reference) return;
    this.forget(this.wish.reference);
    showThumbnail(byId("reference-thumbnail"), reference);
    await this.session.change({ reference });
    if (this.view.edit && this.wish.mask?.every((value) => value === 0)) this.view.chooseTool("paint");
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
    if (this.drawsStyles || !this.view.edit || !model.style || this.styles.missing() === undefined) return;
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
    showBusy({ loading: `Loading the model${share} …`, running: "Editing …" }[name]);
    if (name === "failed") complain(detail);
    if (name === "waiting" && detail === "reference") say(WANTS_REFERENCE);
    if (name === "ready") {
      this.showRuns();
      this.drawStyles();
    }
  }

  showEdit(edit) {
    const isFirst = edit && !this.view.edit;
    byId("strength").disabled = byId("save").disabled = !edit;
    if (edit?.model.style) {
      this.styles.reset(JSON.stringify([edit.model.id, this.wish.photo.id, edit.place]));
      this.styles.mark(this.wish.style.drawing ? null : this.wish.style.seed);
    }
    if (isFirst) say("");
    this.view.show(edit);
  }

  showLoaded(loaded) {
    byId("runs-on").textContent = `Runs on ${loaded.runsOn}. ${loaded.fallback ?? ""}`.trim();
    byId("load-time").textContent = loadText(loaded);
    if (loaded.fallback) complain(`${loaded.fallback} The processor does it instead.`);
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

  async save() {
    const { model, before, edited, place } = this.view.edit;
    const type = byId("save-type").value;
    const values = {
      photo: this.wish.photo.id, before, edited, place, framing: model.framing, type,
      strength: Number(byId("strength").value),
    };
    showBusy("Saving …");
    try {
      const call = this.view.isCutOut ? "cutOutFile" : "photoFile";
      const file = await this.photos.call(call, values);
      const stem = this.wish.photo.name.replace(/\.[^.]*$/, "");
      download(file, `${stem}-${model.id}.${type === "image/png" ? "png" : "jpg"}`);
    } catch (error) {
      complain(`The picture could not be saved: ${error.message}`);
    } finally {
      showBusy();
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
    complain(`This page cannot start: ${error.message}.`);
  }
}

start();
