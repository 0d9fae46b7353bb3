// One operation: a batch of samples in one call, from numbers on the CPU to class probabilities on the CPU.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('../protocol.js').Report} Report */
/** @typedef {import('../frameworks/adapter.js').Adapter<any>} Adapter */
/** @typedef {import('./workload.js').Workload} Workload */

import { Failure, finite } from '../protocol.js';

/**
 * @param {Adapter} adapter
 * @param {Assignment} assignment
 * @param {{inputs: Float32Array}} data
 * @returns {Workload}
 */
export function batch_inference({ predictBatch }, { task: { batch_size }, check_count, data: { samples, features } }, { inputs }) {
  if (!predictBatch) throw new Failure('unsupported', 'it predicts one sample at a time');
  const batches = Array.from({ length: Math.floor(samples / batch_size) }, (_, i) =>
    inputs.slice(i * batch_size * features, (i + 1) * batch_size * features));
  const predict = (/** @type {number} */ turn) => predictBatch(/** @type {Float32Array} */ (batches[turn % batches.length]), batch_size);
  const check = async (/** @type {Report} */ report, /** @type {number} */ turn) => {
    report.outputs.push(...finite(await predict(turn)));
  };
  return { first: (report) => check(report, 0), checks: check_count, check, operations: { latency: predict }, enqueue: null };
}
