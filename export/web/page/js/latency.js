/** What runs took, in milliseconds. The first run, which allocates and warms up, is kept apart. */

const KEPT = 50; // latest runs of which medians are taken

export class Latency {
  constructor() {
    this.clear();
  }

  clear() {
    this.first = null;
    this.runs = [];
    this.count = 0;
  }

  /** @param {{pre: number, model: number, post: number}} run */
  add(run) {
    this.count += 1;
    if (this.first === null) this.first = run;
    else this.runs = [...this.runs.slice(1 - KEPT), run];
  }

  /** Median of each part over the runs after the first one; null before there is one. */
  medians() {
    if (this.runs.length === 0) return null;
    const parts = Object.keys(this.runs[0]);
    return Object.fromEntries(parts.map((part) => [part, median(this.runs.map((r) => r[part]))]));
  }
}

/** @param {number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
