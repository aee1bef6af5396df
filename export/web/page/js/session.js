/**
 * What is edited and how: turns the choices of the page into runs of the network. One edit is made
 * at a time and the newest wish wins; what does not depend on the latest change is kept.
 *
 * @typedef {{id: number, size: [number, number], name: string, preview: ImageBitmap}} Photo
 * @typedef {{before: Uint8Array, edited: Uint8Array, place: import("./place.js").Place,
 *     model: import("./manifest.js").Export}} Edit bytes [h, w, 3], at full strength
 * @typedef {{seed: number} | {drawing: Photo}} Style
 */

import { Latency } from "./latency.js";
import { toBytes } from "./pixels.js";
import { centerBox } from "./place.js";
import { standardNormal } from "./random.js";

/** Thrown inside when a newer wish makes the rest of an edit needless. */
class Outdated extends Error {}

export class Session {
  /**
   * @param {import("./rpc.js").Remote} photos the photos' worker
   * @param {import("./models.js").Models} models
   * @param {{state: (name: string, detail?: any) => void, edit: (edit: Edit | null) => void,
   *     loaded: (loaded: object) => void}} listener
   */
  constructor(photos, models, listener) {
    this.photos = photos;
    this.models = models;
    this.listener = listener;
    this.wish = { model: null, device: null, photo: null, place: null, reference: null,
      mask: null, style: { seed: 0 } };
    this.latency = new Latency();
    this.loaded = null; // "model on device" that is compiled
    this.kept = {}; // {what: {key, value}}
    this.turn = 0;
    this.busy = null;
  }

  /** Changes the wish and makes the edit; a promise of when all is done. */
  change(wish) {
    Object.assign(this.wish, wish);
    this.turn += 1;
    this.busy ??= this.work().finally(() => { this.busy = null; });
    return this.busy;
  }

  async work() {
    for (let turn = -1; turn !== this.turn;) {
      turn = this.turn;
      try {
        await this.make(turn);
      } catch (error) {
        if (!(error instanceof Outdated)) this.fail(error);
      }
    }
  }

  fail(error) {
    if (error.during === "run") { // aborted WebAssembly does not recover: the next edit starts anew
      this.models.close();
      this.loaded = null;
    }
    this.listener.state("failed", error.message);
  }

  /** Waits, then goes on only if nothing newer is wished. */
  async still(turn, promise) {
    const value = await promise;
    if (turn !== this.turn) throw new Outdated();
    return value;
  }

  /** What `make` gave for this key last time, or gives now. */
  async keep(what, key, make) {
    if (this.kept[what]?.key !== key) this.kept[what] = { key, value: await make() };
    return this.kept[what].value;
  }

  async make(turn) {
    const { model, photo, reference } = this.wish;
    if (!model) return;
    await this.still(turn, this.load(turn));
    if (!photo || (model.reference && !reference)) {
      this.listener.edit(null);
      this.listener.state("waiting", photo ? "reference" : "photo");
      return;
    }
    this.listener.state("running");
    const times = {};
    const { cut, inputs } = await this.inputs(turn, times);
    const output = await this.run(turn, cut, inputs, times);
    const begin = performance.now();
    const edited = toBytes(output, model.edited.shape.at(-1));
    const { place } = cut;
    this.listener.edit({ model, place, before: cut.bytes, edited });
    times.post = performance.now() - begin;
    this.latency.add(times);
    this.listener.state("ready");
  }

  async load() {
    const { model, device } = this.wish;
    const key = `${model.id} on ${device.id}`;
    if (this.loaded === key) return;
    this.loaded = null;
    this.kept = {};
    this.latency.clear();
    this.listener.edit(null);
    this.listener.state("loading", 0);
    const progress = (share) => this.listener.state("loading", share);
    const loaded = await this.models.load(model, device, progress);
    this.loaded = key;
    this.listener.loaded(loaded);
  }

  /** {name: values} of all inputs of the main signature. */
  async inputs(turn, times) {
    const { model, photo, place, reference, mask } = this.wish;
    const begin = performance.now();
    const where = place ?? centerBox(photo.size, model.size);
    const fresh = this.kept.photo;
    const cut = await this.still(turn, this.cutOut("photo", photo, where, model.photo));
    const inputs = { [model.photo.name]: cut.values };
    if (model.reference) {
      const middle = centerBox(reference.size, model.size);
      const other = await this.still(
        turn, this.cutOut("reference", reference, middle, model.reference));
      inputs[model.reference.name] = other.values;
    }
    if (model.mask) inputs[model.mask.name] = mask;
    if (this.kept.photo !== fresh) times.pre = performance.now() - begin;
    if (model.style) inputs[model.style.name] = await this.still(turn, this.styleOf(this.wish.style));
    return { cut, inputs };
  }

  cutOut(what, photo, place, port) {
    const { framing } = this.wish.model;
    const key = JSON.stringify([photo.id, place]);
    return this.keep(what, key, async () => {
      const channels = port.shape.at(-1);
      const values = { photo: photo.id, place, framing, channels };
      return { place, key, ...(await this.photos.call("cutOut", values)) };
    });
  }

  /** The latent of a style. */
  async styleOf(style) {
    const { model } = this.wish;
    const count = model.style.shape.reduce((product, side) => product * side);
    if (style.drawing === undefined) return standardNormal(style.seed, count);
    const [port] = model.readStyle.inputs;
    const { drawing } = style;
    return this.keep("style", drawing.id, async () => {
      const middle = centerBox(drawing.size, model.size);
      const { values } = await this.cutOut("drawing", drawing, middle, port);
      const { outputs } = await this.runSignature(model.readStyle, { [port.name]: values });
      return outputs[model.readStyle.outputs[0].name];
    });
  }

  /** The edited picture: in two steps where the file has them, of which the first one is kept. */
  async run(turn, cut, inputs, times) {
    const { model } = this.wish;
    if (!model.encode) {
      const { outputs, time } = await this.still(turn, this.runSignature(model.main, inputs));
      times.model = time;
      return outputs[model.edited.name];
    }
    const codes = await this.still(turn, this.keep("codes", cut.key, async () => {
      const { outputs, time } = await this.runSignature(model.encode, inputs);
      times.encode = time;
      return outputs;
    }));
    const { outputs, time } = await this.still(
      turn, this.runSignature(model.decode, { ...codes, ...inputs }));
    times.model = time;
    return outputs[model.edited.name];
  }

  async runSignature(signature, inputs) {
    try {
      return await this.models.run(signature, inputs);
    } catch (error) {
      throw Object.assign(error, { during: "run" });
    }
  }

  /**
   * The photo in several styles, for small pictures to choose from. A newer wish ends it.
   *
   * @param {() => number | undefined} next gives a seed, as long as a picture is missing
   * @param {(seed: number, picture: Uint8Array) => void} show takes [h, w, 3]
   */
  async drawStyles(next, show) {
    await this.busy;
    const { turn } = this;
    const { model, photo } = this.wish;
    if (!this.loaded || !photo || !model?.style) return;
    try {
      const { cut, inputs } = await this.inputs(turn, {});
      for (let seed = next(); seed !== undefined; seed = next()) {
        const style = await this.styleOf({ seed });
        const drawn = { ...inputs, [model.style.name]: style };
        show(seed, toBytes(await this.run(turn, cut, drawn, {}), model.edited.shape.at(-1)));
      }
    } catch (error) {
      if (!(error instanceof Outdated)) this.fail(error);
    }
  }
}
