// A machine whose clock only the work moves, so that every measured number is known beforehand.

/** @typedef {import('../../src/howfar/page/measure.js').Loop} Loop */
/** @typedef {import('../../src/howfar/page/protocol.js').Sampling} Sampling */

export class Machine {
  now = 1000;
  /** @param {number} [tickMs] the clock's step; 0 = a perfect clock. Take powers of two: then all sums are exact. */
  constructor(tickMs = 0) {
    this.tickMs = tickMs;
  }

  clock = () => (this.tickMs ? Math.floor(this.now / this.tickMs) * this.tickMs : this.now);

  /** @param {number} ms */
  work(ms) {
    this.now += ms;
  }

  /**
   * @param {Partial<Sampling>} [changes]
   * @returns {Loop}
   */
  loop(changes = {}) {
    return { clock: this.clock, tickMs: this.tickMs || 1 / 1024, floorMs: 0, sampling: { ...SAMPLING, ...changes }, slow: false, turn: 0 };
  }
}

/** @type {Sampling} */
const SAMPLING = {
  min_samples: 30, min_seconds: 0.5, max_seconds: 10, target_half_width: 0.02,
  warmup_min_seconds: 0.3, warmup_max_seconds: 5, min_ticks: 50, slow_samples: 3, slow_seconds: 2,
};

/** @param {readonly number[]} values */
export const sum = (values) => values.reduce((total, value) => total + value, 0);
