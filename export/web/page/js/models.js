/** Loading and running of networks in their worker; counts what really ran. */

import { Remote } from "./rpc.js";

/**
 * What a network may run on. `variant` names the build of LiteRT.js: another one needs a new worker.
 *
 * @typedef {{id: string, label: string, variant: {threads: boolean, webgpu: boolean},
 *     accelerator: "wasm" | "webgpu", precision: "fp32" | "fp16"}} Device
 */

const PROCESSOR = {
  id: "wasm",
  label: "Processor, 1 thread",
  variant: { threads: false, webgpu: false },
  accelerator: "wasm",
  precision: "fp32",
};

/** @returns {Promise<Device[]>} what this browser offers; the first one is the usual choice */
export async function devices() {
  const found = [PROCESSOR];
  if (self.crossOriginIsolated && navigator.hardwareConcurrency > 1) {
    found.unshift({
      ...PROCESSOR,
      id: "threads",
      label: `Processor, ${navigator.hardwareConcurrency} threads`,
      variant: { threads: true, webgpu: false },
    });
  }
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (adapter) {
    const gpu = { variant: { threads: false, webgpu: true }, accelerator: "webgpu" };
    const { vendor, architecture } = adapter.info ?? {};
    const name = [vendor, architecture].filter(Boolean).join(" ");
    const label = `WebGPU${name ? `, ${name}` : ""}`;
    found.push({ ...gpu, id: "webgpu", label: `${label}, float32`, precision: "fp32" });
    if (adapter.features.has("shader-f16")) {
      found.push({ ...gpu, id: "webgpu16", label: `${label}, float16`, precision: "fp16" });
    }
  }
  return found;
}

export class Models {
  constructor() {
    this.remote = null;
    this.variant = null;
    this.runs = 0; // of any signature, since the page was opened
  }

  /**
   * Loads an export on a device, or on the processor where the device fails.
   *
   * @param {import("./manifest.js").Export} model
   * @param {Device} device
   * @param {(share: number) => void} progress of reading the file, 0…1
   * @returns {Promise<{runsOn: string, fallback: string | null, time: {start: number,
   *     fetch: number, compile: number}}>} milliseconds
   */
  async load(model, device, progress) {
    try {
      return await this.loadOn(model, device, progress);
    } catch (error) {
      this.close(); // a runtime that failed once is not used again
      if (error.refused || device.id === PROCESSOR.id) throw error;
      const loaded = await this.loadOn(model, PROCESSOR, progress);
      return { ...loaded, fallback: `${device.label} failed (${error.message}).` };
    }
  }

  async loadOn(model, device, progress) {
    const begin = performance.now();
    const variant = JSON.stringify(device.variant);
    if (variant !== this.variant) {
      this.close();
      this.remote = new Remote(new Worker("/js/model_worker.js"));
      this.variant = variant;
      this.started = await this.remote.call("start", device.variant);
    }
    const start = performance.now() - begin;
    this.remote.progress = progress;
    const { accelerator, precision } = device;
    const loaded = await this.remote.call("load", { files: model.files, accelerator, precision });
    return {
      runsOn: describe(device, loaded, this.started.threads),
      fallback: null,
      time: { start, ...loaded.time },
    };
  }

  /**
   * Runs a signature of the loaded export.
   *
   * @param {import("./manifest.js").Signature} signature
   * @param {Record<string, Float32Array>} inputs
   * @returns {Promise<{outputs: Record<string, Float32Array>, time: number}>}
   */
  async run(signature, inputs) {
    const tensors = Object.fromEntries(
      signature.inputs.map(({ name, shape }) => [name, { values: inputs[name], shape }]),
    );
    const { file, name } = signature;
    this.runs += 1;
    return this.remote.call("run", { file, signature: name, inputs: tensors });
  }

  /** What the runtime printed; nothing of one that is being replaced. */
  async notes() {
    return this.remote ? this.remote.call("notes").catch(() => []) : [];
  }

  /** Ends the worker and all of its memory; the next load starts another. */
  close() {
    this.remote?.close("it was closed");
    this.remote = null;
    this.variant = null;
  }
}

/** What really runs, in words. */
function describe(device, { accelerator, whole }, threads) {
  if (accelerator === "wasm") {
    const processor = `the processor, ${threads} ${threads === 1 ? "thread" : "threads"}`;
    return device.accelerator === "wasm" ? processor : `${processor}: WebGPU refused operations`;
  }
  return whole ? device.label : `${device.label}; the processor does what it refuses`;
}
