// No operation is timed: what the framework says of itself, and whether it really trains, saves and loads.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('../protocol.js').Report} Report */
/** @typedef {import('../frameworks/adapter.js').PredictingAdapter<any>} Adapter */
/** @typedef {import('./workload.js').Workload} Workload */

import { finite } from '../protocol.js';
import { inMemory } from '../load.js';

/**
 * @param {Adapter} adapter
 * @param {Assignment} assignment
 * @param {{inputs: Float32Array, labels: Uint8Array}} data
 * @returns {Workload}
 */
export function features(adapter, { task: { batch_size }, check_count, data: shape }, { inputs, labels }) {
  const sampleOf = (/** @type {number} */ i) => inputs.slice(i * shape.features, (i + 1) * shape.features);

  async function outputs() {
    const numbers = [];
    for (let i = 0; i < check_count; i++) numbers.push(...Array.from(await adapter.predict(sampleOf(i))));
    return numbers;
  }

  return {
    async first(report) {
      Object.assign(report.facts, await adapter.features?.());
      const { prepareBatch, trainBatch } = adapter;
      report.facts['trains'] = trainBatch !== undefined;
      if (!prepareBatch || !trainBatch) return;
      const batch = prepareBatch(inputs.slice(0, batch_size * shape.features), labels.slice(0, batch_size));
      report.losses.push(...finite([await trainBatch(batch)]));
    },
    checks: 2,
    async check(report) {
      const before = await outputs();
      report.outputs.push(...finite(before));
      report.facts['loads'] = adapter.load !== undefined;
      report.facts['saves'] = adapter.save !== undefined;
      if (!adapter.save || !adapter.load) return;
      const files = await adapter.save();
      report.facts['saved_bytes'] = Object.values(files).reduce((sum, file) => sum + file.size, 0);
      await adapter.load(inMemory(files));
      const after = await outputs();
      report.facts['round_trip_error'] = Math.max(...before.map((number, i) => Math.abs(number - (after[i] ?? NaN))));
    },
    operations: {},
    enqueue: null,
  };
}
