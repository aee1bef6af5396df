/**
 * The networks' worker: checks a file against export.json, compiles it, runs its signatures. A classic
 * worker, because LiteRT.js loads its parts with importScripts.
 */

const RUNTIME = "/litert/";

let litert = null; // the loaded LiteRT.js
let models = {}; // {name of a file: compiled model}
const notes = []; // what the runtime printed

/**
 * Loads LiteRT.js once: this worker keeps the variant that it was started with.
 *
 * @param {{threads: boolean, webgpu: boolean}} options
 */
async function start({ threads, webgpu }) {
  const jspi = webgpu && "Suspending" in WebAssembly; // lets the GPU leave operations to the processor
  const script = `litert_wasm_${threads ? "threaded_" : jspi ? "jspi_" : ""}internal.js`;
  const print = (text) => notes.push(text);
  self.Module = {
    locateFile: (name) => `${RUNTIME}wasm/${name}`,
    mainScriptUrlOrBlob: `${RUNTIME}wasm/${script}`,
    print,
    printErr: print,
  };
  litert = await import(`${RUNTIME}core.js`);
  const loaded = await litert.loadLiteRt(`${RUNTIME}wasm/`, { threads, jspi });
  return { threads: threads ? loaded.liteRtWasm.getThreadCount() : 1 };
}

/** The bytes of a file, if they are those that export.json describes. */
async function checked(url, { bytes, sha256 }, Refusal) {
  const response = await fetch(url);
  if (!response.ok) throw new Refusal(`The model cannot be read (status ${response.status}).`);
  const data = new Uint8Array(bytes);
  let length = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (length + value.length <= bytes) data.set(value, length);
    length += value.length;
    self.postMessage({ progress: length / bytes });
  }
  if (length !== bytes) {
    throw new Refusal(
      `The model has ${length.toLocaleString("en")} bytes, export.json says `
      + `${bytes.toLocaleString("en")}: it was changed. Export it again.`,
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) {
    throw new Refusal(
      `The model is not the one that export.json describes (SHA-256 ${found.slice(0, 12)}…, not `
      + `${sha256.slice(0, 12)}…). Export it again.`,
    );
  }
  return data;
}

/**
 * Compiles the files of an export; those of an earlier one are let go.
 *
 * @param {{files: {name: string, url: string, bytes: number, sha256: string}[],
 *     accelerator: "wasm" | "webgpu", precision: "fp32" | "fp16"}} options
 * @returns what runs, and milliseconds for reading and compiling
 */
async function load({ files, accelerator, precision }, Refusal) {
  Object.values(models).forEach((model) => model.delete());
  models = {};
  const time = { fetch: 0, compile: 0 };
  for (const file of files) {
    const begin = performance.now();
    const data = await checked(file.url, file, Refusal);
    const read = performance.now();
    models[file.name] = await litert.loadAndCompile(data, {
      accelerator,
      gpuOptions: { precision },
    });
    time.fetch += read - begin;
    time.compile += performance.now() - read;
  }
  const compiled = Object.values(models);
  return {
    accelerator: compiled[0].options.accelerator, // LiteRT.js may have taken another one
    whole: compiled.every((model) => model.isFullyAccelerated),
    time,
  };
}

/**
 * Runs a signature.
 *
 * @param {{file: string, signature: string, inputs: Record<string, {values: Float32Array,
 *     shape: number[]}>}} request
 * @returns {{outputs: Record<string, Float32Array>, time: number}} milliseconds, copies included
 */
async function run({ file, signature, inputs }) {
  const begin = performance.now();
  const tensors = {};
  const outputs = {};
  try {
    for (const [name, { values, shape }] of Object.entries(inputs)) {
      tensors[name] = new litert.Tensor(values, shape);
    }
    const results = await models[file].run(signature, tensors);
    for (const [name, tensor] of Object.entries(results)) {
      const onProcessor = await tensor.moveTo("wasm");
      outputs[name] = onProcessor.toTypedArray().slice();
      onProcessor.delete();
    }
  } finally {
    Object.values(tensors).forEach((tensor) => tensor.delete());
  }
  const result = { outputs, time: performance.now() - begin };
  return { result, transfer: Object.values(outputs).map((values) => values.buffer) };
}

// Calls that come while this is loaded wait in the queue of messages: none is lost.
const early = [];
self.onmessage = (event) => early.push(event);
import("./rpc.js").then(({ answer, Refusal }) => {
  answer({
    start,
    run,
    load: (options) => load(options, Refusal),
    notes: () => notes.slice(),
  });
  early.forEach((event) => self.onmessage(event));
});
