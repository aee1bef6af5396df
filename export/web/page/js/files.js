/** Photos from file inputs, by drag and drop, and by paste. */

/**
 * @param {HTMLInputElement} input
 * @param {(file: File) => void} take
 */
export function onChosen(input, take) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = ""; // so that the same file can be chosen again
    if (file) take(file);
  });
}

/**
 * @param {HTMLElement} target is marked while a file is over the page
 * @param {(file: File) => void} take
 */
export function onDropped(target, take) {
  let depth = 0; // of elements that were entered and not left
  const mark = (change) => (event) => {
    event.preventDefault();
    depth = Math.max(depth + change, 0);
    target.classList.toggle("target", depth > 0);
  };
  window.addEventListener("dragenter", mark(1));
  window.addEventListener("dragleave", mark(-1));
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    mark(-Infinity)(event);
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}

/** @param {(file: File) => void} take */
export function onPasted(take) {
  window.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) take(file);
  });
}

/** Offers a file to save. */
export function download(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
