/** The page: what is chosen, painted and moved becomes a change, and the change a picture. */

import { describePage, givenPhoto, namedMask, Session } from "./api.js";
import { Comparison } from "./compare.js";
import { takeFiles, takePasted } from "./files.js";
import { Mask } from "./mask.js";
import { Newest } from "./newest.js";
import { Painter } from "./painter.js";
import { Placement } from "./placement.js";

const COLOURS = [[230, 159, 0], [86, 180, 233], [204, 121, 167]]; // as in style.css
const SPACES = { w_plus: "style codes, sharp", w: "stylemaps, soft" };
const POOLINGS = { max: "any of it is painted", half: "most of it is", soft: "in part, as painted" };
const NEWER = 409; // status of a change that a newer one overtook

const $ = (id) => document.getElementById(id);
const page = await describePage();
const session = new Session();
const state = { photo: null, slots: [], active: 0, result: null };
const placement = new Placement($("photo"), page, onMove);
const painter = new Painter($("reference"), page, onPaint);
const newest = new Newest(update);

// === The result ===

function partsInUse() {
  return state.slots.filter((slot) => slot.photo && !slot.mask.isEmpty);
}

/** What the server is asked for: see `read_change`. */
async function makeChange() {
  const regions = partsInUse().map(async (slot) => ({
    reference: slot.photo.id,
    mask: await slot.encoded(),
    shift: slot.shift,
  }));
  return {
    photo: state.photo.id,
    strength: $("strength").valueAsNumber / 100,
    direction: page.direction ? $("direction").valueAsNumber : 0,
    space: $("space").value,
    pooling: $("pooling").value,
    regions: await Promise.all(regions),
  };
}

async function update() {
  const photo = state.photo;
  if (!photo) return;
  const began = performance.now();
  $("result-frame").classList.add("is-busy");
  try {
    const file = await session.edit(makeChange);
    const picture = await createImageBitmap(file);
    if (photo !== state.photo) return;
    showResult(file, picture);
    const time = Math.round(performance.now() - began);
    $("result-hint").textContent = `${resultHint()} Answered in ${time} ms.`;
  } catch (error) {
    // An older change may ask for a photo that has been removed since.
    if (error.status !== NEWER && !newest.isOvertaken) complain(error);
  } finally {
    $("result-frame").classList.remove("is-busy");
  }
}

/** Shows a picture, and lets its file be saved. */
function showResult(file, picture) {
  if (state.result) URL.revokeObjectURL(state.result);
  state.result = URL.createObjectURL(file);
  $("save").href = state.result;
  $("save").removeAttribute("aria-disabled");
  $("save").download = `${state.photo.name.replace(/\.[^.]*$/, "")}-edited.png`;
  drawWhole($("after"), picture);
  picture.close();
  show("result-frame", ["after", "before"], true);
}

function drawWhole(canvas, picture) {
  [canvas.width, canvas.height] = [page.width, page.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
}

function resultHint() {
  if (partsInUse().length) return "Drag across the picture to compare.";
  return "So far the photo as the network rebuilds it.";
}

// === Photos ===

/** Sends a file; complains and returns null if it cannot be used. */
async function send(file, name) {
  if (file.size > page.max_upload) {
    complain(new Error(`${name}: more than ${page.max_upload / 2 ** 20} MiB`));
    return null;
  }
  const photo = { file, name };
  try {
    await session.add(photo);
  } catch (error) {
    complain(new Error(`${name}: ${error.message}`));
    return null;
  }
  return photo;
}

async function setPhoto(file, name = file.name) {
  const photo = await during("photo-frame", send(file, name));
  if (!photo) return;
  const old = state.photo;
  state.photo = photo;
  placement.picture = photo.picture;
  drawWhole($("before"), photo.picture);
  document.body.classList.add("has-photo");
  show("photo-frame", ["photo"], true);
  $("photo-replace").hidden = false;
  redraw();
  if (old) await session.remove(old);
}

async function setReference(slot, file, name = file.name) {
  const photo = await during("reference-frame", send(file, name));
  if (!photo) return;
  const old = slot.photo;
  slot.photo = photo;
  redraw();
  if (old) await session.remove(old);
}

/** Puts files where there is room: the first at a place, others into further references. */
async function spread(files, first) {
  await first(files[0]);
  for (const file of files.slice(1)) {
    const free = state.slots.find((slot) => !slot.photo);
    if (!free) return;
    await setReference(free, file);
  }
}

async function removeReference(slot) {
  const old = slot.photo;
  slot.photo = null;
  slot.mask.clear();
  slot.shift = [0, 0];
  redraw();
  await session.remove(old);
}

// === What is shown ===

const activeSlot = () => state.slots[state.active];

/** Draws everything that depends on the state, and asks for the picture. */
function redraw() {
  const slot = activeSlot();
  placement.slots = partsInUse();
  placement.active = slot;
  placement.draw();
  painter.show(slot);
  show("reference-frame", ["reference"], Boolean(slot.photo));
  $("tools").disabled = !slot.photo;
  for (const id of ["reference-replace", "reference-remove"]) $(id).hidden = !slot.photo;
  $("undo").disabled = !slot.mask.canUndo;
  [$("shift-down").value, $("shift-right").value] = slot.shift;
  for (const each of state.slots) each.label.classList.toggle("is-used", Boolean(each.photo));
  $("photo-hint").textContent = photoHint();
  $("reference-hint").textContent = referenceHint(slot);
  newest.ask();
}

function photoHint() {
  if (!state.photo) return "The middle of the photo is used: a face should fill it.";
  if (!placement.slots.length) return "Parts that you take appear here.";
  return "Drag a part to move it, or use the arrow keys.";
}

function referenceHint(slot) {
  if (!slot.photo) return "Up to three photos can give parts.";
  if (slot.mask.isEmpty) return "Paint what to take, or add a half.";
  return state.photo ? "What is painted goes into your photo." : "Now choose your photo.";
}

function show(frame, pictures, is) {
  $(frame).classList.toggle("has-picture", is);
  for (const picture of pictures) $(picture).hidden = !is;
}

/** Marks a frame as busy while a promise is waited for. */
async function during(frame, promise) {
  $(frame).classList.add("is-busy");
  $("status").textContent = "Reading the photo";
  const result = await promise;
  $(frame).classList.remove("is-busy");
  $("status").textContent = result ? "The photo is ready" : "";
  return result;
}

function complain(error) {
  $("message").hidden = false;
  $("message").querySelector("p").textContent = error.message;
}

function onPaint() {
  placement.slots = partsInUse();
  placement.draw();
  $("undo").disabled = false;
  $("reference-hint").textContent = referenceHint(activeSlot());
  $("photo-hint").textContent = photoHint();
  newest.ask();
}

function onMove(slot) {
  if (slot === activeSlot()) [$("shift-down").value, $("shift-right").value] = slot.shift;
  newest.ask();
}

// === Controls ===

class Slot {
  #kept = { version: -1, text: "" };

  constructor(number) {
    this.number = number;
    this.colour = COLOURS[number % COLOURS.length];
    this.photo = null;
    this.mask = new Mask(page.width, page.height);
    /** [down, right], pixels. */
    this.shift = [0, 0];
    this.label = this.#makeLabel();
  }

  /** The mask as the server reads it. */
  async encoded() {
    const { version } = this.mask;
    if (this.#kept.version !== version) this.#kept = { version, text: await this.mask.png() };
    return this.#kept.text;
  }

  #makeLabel() {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), {
      type: "radio", name: "slot", checked: this.number === 0, ariaLabel: `Reference ${this.number + 1}`,
    });
    const text = document.createElement("span");
    text.textContent = this.number + 1;
    label.append(input, text);
    input.addEventListener("change", () => {
      state.active = this.number;
      redraw();
    });
    $("slots").append(label);
    return label;
  }
}

/** Changes the mask of the active reference. */
function change(edit) {
  edit(activeSlot().mask);
  redraw();
}

function addMaskButton(name) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
  button.addEventListener("click", async () => {
    try {
      const picture = await namedMask(name);
      change((mask) => mask.add(picture));
    } catch (error) {
      complain(error);
    }
  });
  $("masks").append(button);
}

function fillChoice(select, values, texts) {
  for (const value of values) select.append(new Option(texts[value] ?? value, value));
  select.addEventListener("change", () => newest.ask());
}

function onInput(id, act) {
  $(id).addEventListener("input", () => act($(id)));
}

function setUp() {
  document.documentElement.style.setProperty("--aspect", `${page.width} / ${page.height}`);
  $("preset").textContent = `${page.preset}, ${page.width} × ${page.height} pixels`;
  for (let i = 0; i < page.references; i += 1) state.slots.push(new Slot(i));
  page.masks.forEach(addMaskButton);
  fillChoice($("space"), page.spaces, SPACES);
  fillChoice($("pooling"), page.poolings, POOLINGS);
  new Comparison($("result-frame"));

  $("size").max = Math.ceil(page.width / 3);
  $("size").value = Math.ceil(page.width / 10);
  const setSize = (size) => {
    painter.size = size.valueAsNumber;
    $("size-value").textContent = `${size.value} px`;
    painter.draw();
  };
  onInput("size", setSize);
  setSize($("size"));
  for (const tool of document.querySelectorAll("[name=tool]")) {
    tool.addEventListener("change", () => { painter.erases = tool.value === "eraser" && tool.checked; });
  }

  onInput("strength", (strength) => {
    $("strength-value").textContent = `${strength.value} %`;
    newest.ask();
  });
  if (page.direction) setUpDirection(page.direction);
  for (const id of ["shift-down", "shift-right"]) onInput(id, setShift);
  $("undo").addEventListener("click", () => change((mask) => mask.undo()));
  $("clear").addEventListener("click", () => change((mask) => mask.clear()));
  $("photo-replace").addEventListener("click", () => $("photo-file").click());
  $("reference-replace").addEventListener("click", () => $("reference-file").click());
  $("reference-remove").addEventListener("click", () => removeReference(activeSlot()));
  $("message").querySelector("button").addEventListener("click", () => { $("message").hidden = true; });

  const takeReference = (files) => {
    const slot = activeSlot();
    return spread(files, (file) => setReference(slot, file));
  };
  takeFiles($("photo-file"), $("photo-frame"), (files) => spread(files, setPhoto));
  takeFiles($("reference-file"), $("reference-frame"), takeReference);
  takePasted((files) => (state.photo ? takeReference(files) : spread(files, setPhoto)));
  document.addEventListener("keydown", (event) => {
    const inText = event.target instanceof HTMLInputElement && event.target.type === "number";
    if (inText || !(event.ctrlKey || event.metaKey) || event.key !== "z") return;
    event.preventDefault();
    change((mask) => mask.undo());
  });
  window.addEventListener("pagehide", () => session.end());
  redraw();
}

function setUpDirection({ name, range }) {
  $("direction-row").hidden = false;
  $("direction-name").textContent = name;
  Object.assign($("direction"), { min: -range, max: range, value: 0 });
  onInput("direction", (direction) => {
    $("direction-value").textContent = direction.valueAsNumber.toFixed(2);
    newest.ask();
  });
}

function setShift() {
  const pixels = (id, side) => Math.min(side, Math.max(-side, Math.round($(id).valueAsNumber || 0)));
  activeSlot().shift = [pixels("shift-down", page.height), pixels("shift-right", page.width)];
  placement.draw();
  newest.ask();
}

setUp();
for (const [number, name] of page.given.entries()) {
  if (name === null) continue;
  const file = await givenPhoto(number);
  await (number === 0 ? setPhoto(file, name) : setReference(state.slots[number - 1], file, name));
}
document.body.dataset.ready = "yes";
