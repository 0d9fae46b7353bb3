// One operation: one real digit, from numbers on the CPU to class probabilities on the CPU.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('../protocol.js').Report} Report */
/** @typedef {import('../frameworks/adapter.js').PredictingAdapter<any>} Adapter */
/** @typedef {import('./workload.js').Workload} Workload */

import { finite } from '../protocol.js';
import { WARMED_UP } from '../published.js';

/**
 * @param {Adapter} adapter
 * @param {Assignment} assignment
 * @param {{inputs: Float32Array}} data
 * @returns {Workload}
 */
export function inference(adapter, { task, check_count, data: { samples, features } }, { inputs }) {
  const views = Array.from({ length: samples }, (_, i) => inputs.slice(i * features, (i + 1) * features));
  const sampleOf = (/** @type {number} */ turn) => /** @type {Float32Array} */ (views[turn % samples]);
  const { enqueuePredict } = adapter;
  const publishedPredict = adapter.published?.predict ?? adapter.predict;
  return {
    async first(report) {
      report.outputs.push(...finite(await adapter.predict(sampleOf(0))));
    },
    checks: check_count,
    async check(report, turn) {
      report.outputs.push(...finite(await adapter.predict(sampleOf(turn))));
    },
    operations: { latency: (turn) => adapter.predict(sampleOf(turn)) },
    published: { apart: WARMED_UP.includes(task.cell.target.backend), operation: (turn) => publishedPredict(sampleOf(turn)) },
    enqueue: enqueuePredict ? (turn) => enqueuePredict(sampleOf(turn)) : null,
  };
}
