/** What the page says of the model: its facts, on what it runs, and how long that takes. */

const PARTS = { pre: "Prepare", encode: "Encode", model: "Network", post: "Finish" };

const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

/** Fills a select with {id, label} and chooses the first one. */
export function fillSelect(select, choices) {
  select.replaceChildren(...choices.map(({ id, label }) => {
    const option = element("option", label);
    option.value = id;
    return option;
  }));
}

/** @param {HTMLElement} list a <dl> @param {import("./manifest.js").Export} model */
export function showFacts(list, model) {
  list.replaceChildren(...model.facts().flatMap(([term, description]) => (
    [element("dt", term), element("dd", description)]
  )));
}

/** @param {HTMLElement} details @param {{id: string, reason: string}[]} refused */
export function showRefused(details, refused) {
  details.hidden = refused.length === 0;
  const items = refused.map(({ id, reason }) => element("li", `${id}: ${reason}`));
  details.querySelector("ul").replaceChildren(...items);
}

/** @param {HTMLTableElement} table @param {import("./latency.js").Latency} latency */
export function showLatency(table, latency) {
  table.hidden = latency.count === 0;
  const medians = latency.medians();
  const format = (time) => (time === undefined ? "–" : time.toFixed(time < 10 ? 1 : 0));
  const rows = Object.entries(PARTS)
    .filter(([part]) => latency.first && (part in latency.first || part in medians))
    .map(([part, name]) => {
      const row = document.createElement("tr");
      const head = element("th", name);
      head.scope = "row";
      row.append(head, element("td", format(latency.first[part])), element("td", format(medians[part])));
      row.dataset.part = part;
      return row;
    });
  table.tBodies[0].replaceChildren(...rows);
}

/** Sentences about a loaded model. */
export function loadText({ time }) {
  const [start, read, compile] = [time.start, time.fetch, time.compile].map((ms) => ms.toFixed(0));
  const started = time.start >= 1 ? `LiteRT.js started in ${start} ms, the file` : "The file";
  return `${started} was read and checked in ${read} ms and compiled in ${compile} ms.`;
}

/** Draws a small picture of a photo into a canvas. */
export function showThumbnail(canvas, photo) {
  const side = 2 * 64;
  const scale = side / Math.min(photo.preview.width, photo.preview.height);
  const [width, height] = [photo.preview.width * scale, photo.preview.height * scale];
  [canvas.width, canvas.height] = [side, side];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(photo.preview, (side - width) / 2, (side - height) / 2, width, height);
  canvas.hidden = false;
}
