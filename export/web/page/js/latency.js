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

  /** @param {Record<string, number>} run {part: milliseconds}, of the parts that it had */
  add(run) {
    this.count += 1;
    if (this.first === null) this.first = run;
    else this.runs = [...this.runs.slice(1 - KEPT), run];
  }

  /** {part: median} over the runs after the first one that had the part; {} before there is one. */
  medians() {
    const parts = new Set(this.runs.flatMap(Object.keys));
    return Object.fromEntries([...parts].map((part) => {
      const times = this.runs.map((run) => run[part]).filter((time) => time !== undefined);
      return [part, median(times)];
    }));
  }
}

/** @param {number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
