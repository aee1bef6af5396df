/** Does one task at a time; of what was asked for meanwhile only the newest. */
export class Newest {
  #run;
  #waiting = false;
  #running = false;

  /** @param {function(): Promise<void>} run the task; its errors are its own business. */
  constructor(run) {
    this.#run = run;
  }

  /** Whether the task that runs has been overtaken. */
  get isOvertaken() {
    return this.#waiting;
  }

  /** Asks for the task with the state that the page will have when its turn comes. */
  async ask() {
    this.#waiting = true;
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#waiting) {
        this.#waiting = false;
        await this.#run();
      }
    } finally {
      this.#running = false;
    }
  }
}
