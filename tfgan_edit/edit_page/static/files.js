/** Ways to bring picture files: choose, drop, paste. */

/**
 * @param {HTMLInputElement} input of type file.
 * @param {HTMLElement} place where files may be dropped.
 * @param {function(File[])} take
 */
export function takeFiles(input, place, take) {
  input.addEventListener("change", () => {
    if (input.files.length) take([...input.files]);
    input.value = ""; // the same file can be chosen again
  });
  const toggle = (event, is) => {
    event.preventDefault();
    place.classList.toggle("is-target", is);
  };
  place.addEventListener("dragover", (event) => toggle(event, true));
  place.addEventListener("dragleave", (event) => toggle(event, false));
  place.addEventListener("drop", (event) => {
    toggle(event, false);
    event.stopPropagation();
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
}

/** Takes pictures from the clipboard; keeps a file that misses its place from being opened. */
export function takePasted(take) {
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  });
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => event.preventDefault());
  }
}
