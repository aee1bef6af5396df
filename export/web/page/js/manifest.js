/**
 * What export.json says. All numbers of a network come from there; what controls the page shows is
 * read from the kinds of its inputs.
 *
 * @typedef {{name: string, kind: string, shape: number[], range: [number, number] | null,
 *     distribution: string | null, about: string}} Port
 * @typedef {{name: string, file: string, inputs: Port[], outputs: Port[]}} Signature
 */

const CATALOG = "/exports.json";

/** @returns {Promise<{exports: Export[], refused: {id: string, reason: string}[]}>} */
export async function readCatalog() {
  const { exports, refused } = await readJson(CATALOG);
  const found = [];
  for (const { id, url } of exports) {
    const model = new Export(id, url, await readJson(`${url}export.json`));
    if (model.unusable) refused.push({ id, reason: model.unusable });
    else found.push(model);
  }
  return { exports: found, refused };
}

async function readJson(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} cannot be read (status ${response.status})`);
  return response.json();
}

/** An export and the roles of its inputs. */
export class Export {
  /**
   * @param {string} id
   * @param {string} url of its folder, with a slash
   * @param {object} record export.json
   */
  constructor(id, url, record) {
    this.id = id;
    this.record = record;
    this.framing = record.framing;
    this.files = Object.entries(record.files).map(([name, { bytes, sha256 }]) => ({
      name, url: url + name, bytes, sha256,
    }));
    [this.main] = record.signatures;
    const inputs = (kind) => this.main.inputs.filter((port) => port.kind === kind);
    [this.photo, this.reference] = inputs("photo");
    [this.mask] = inputs("mask");
    [this.style] = inputs("latent");
    [this.edited] = this.main.outputs;
    this.unusable = this.whyUnusable(inputs);
    if (!this.unusable && this.style) this.findSteps();
  }

  whyUnusable(inputs) {
    const known = ["photo", "mask", "latent"];
    const other = this.main.inputs.find((port) => !known.includes(port.kind));
    if (other) return `it reads ${other.kind}, which photos do not have`;
    if (!this.photo || !this.framing) return "it reads no photo";
    const drawn = inputs("latent").every((port) => port.distribution === "standard_normal");
    if (!drawn || inputs("latent").length > 1) return "it reads latents that no seed draws";
    if (inputs("photo").length > 2 || inputs("mask").length > 1) return "it reads too many pictures";
    return null;
  }

  /** The signatures that compute the same in two steps, and the one that reads a drawing's style. */
  findSteps() {
    const { signatures } = this.record;
    const codes = (port) => port.kind === "code";
    this.decode = signatures.find((s) => s.inputs.some(codes)
      && s.outputs[0].name === this.edited.name
      && s.inputs.some((port) => port.name === this.style.name));
    this.encode = this.decode && signatures.find((s) => {
      const made = s.outputs.map((port) => port.name);
      return this.decode.inputs.filter(codes).every((port) => made.includes(port.name));
    });
    this.readStyle = signatures.find((s) => s !== this.encode && s.outputs.length === 1
      && s.outputs[0].kind === this.style.kind
      && s.outputs[0].shape.join() === this.style.shape.join()
      && s.inputs.length === 1 && s.inputs[0].kind === "photo");
  }

  /** [height, width] of its pictures. */
  get size() {
    return [this.framing.height, this.framing.width];
  }

  /** Whether one of its pictures is a square, as faces are cut. */
  get isSquare() {
    return this.framing.height === this.framing.width;
  }

  /** Rows for people: [[term, description], …]. */
  facts() {
    const { record } = this;
    const bytes = this.files.reduce((sum, file) => sum + file.bytes, 0);
    const errors = record.verification.errors[this.main.name][this.edited.name];
    const { licence } = record.preset;
    const rows = [
      ["System", record.system],
      ["Pictures", `${this.framing.width} × ${this.framing.height}`],
      ["File", `${readable(bytes)}, ${record.quantize === "none" ? "float32" : record.quantize}`],
      ["Multiply-adds", count(record.multiply_adds)],
      ["Against Keras", errors.psnr === null ? "equal" : `${errors.psnr.toFixed(1)} dB`],
    ];
    if (!record.verification.recommended) {
      rows.push(["Not recommended", record.verification.exceeded.join("; ")]);
    }
    if (typeof licence === "string") rows.push(["Licence", licence]);
    return rows;
  }
}

/** A number in thousands of a unit: "1.72 MB", "328 million". */
function inWords(value, units) {
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  return `${Number((value / 1000 ** power).toPrecision(3))} ${units[power]}`.trim();
}

const readable = (bytes) => inWords(bytes, ["bytes", "kB", "MB", "GB"]);
const count = (number) => inWords(number, ["", "thousand", "million", "billion"]);
