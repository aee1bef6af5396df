/** Calls to functions of a web worker, as promises. */

export class Remote {
  /** @param {Worker} worker that calls `answer` */
  constructor(worker) {
    this.worker = worker;
    this.waiting = new Map();
    this.next = 0;
    this.progress = () => {};
    worker.onmessage = ({ data }) => {
      if (data.progress) {
        this.progress(data.progress);
        return;
      }
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error) reject(Object.assign(new Error(data.error), { refused: data.refused }));
      else resolve(data.result);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.close(event.message || "it could not be started");
    };
  }

  /**
   * @param {string} name of the function
   * @param {object} [values] its argument
   * @param {Transferable[]} [transfer]
   */
  call(name, values = {}, transfer = []) {
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, values }, transfer);
    });
  }

  /** Ends the worker; what still waits fails with `reason`. */
  close(reason) {
    this.worker.terminate();
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }
}

/** Why something is refused, a sentence for people: no other way will be tried. */
export class Refusal extends Error {}

/**
 * In a worker: answers calls one after the other.
 *
 * @param {Record<string, (values: object) => any>} functions each gives a result, a promise of one,
 *     or {result, transfer}
 */
export function answer(functions) {
  let last = Promise.resolve();
  self.onmessage = ({ data: { id, name, values } }) => {
    last = last.then(async () => {
      try {
        const given = await functions[name](values);
        const { result, transfer } = given?.transfer ? given : { result: given };
        self.postMessage({ id, result }, transfer ?? []);
      } catch (error) {
        const refused = error instanceof Refusal;
        self.postMessage({ id, error: error?.message || String(error), refused });
      }
    });
  };
}
