// One operation: one SGD step on a batch that is already in the framework's own form.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('../frameworks/adapter.js').Adapter<any>} Adapter */
/** @typedef {import('./workload.js').Workload} Workload */

import { finite } from '../protocol.js';

/**
 * @param {Adapter} adapter
 * @param {Assignment} assignment
 * @param {{inputs: Float32Array, labels: Uint8Array}} data
 * @returns {Workload}
 */
export function training(adapter, { task: { batch_size }, check_count, data: { samples, features } }, { inputs, labels }) {
  const batches = Array.from({ length: Math.floor(samples / batch_size) }, (_, i) => {
    const [from, to] = [i * batch_size, (i + 1) * batch_size];
    return adapter.prepareBatch(inputs.slice(from * features, to * features), labels.slice(from, to));
  });
  const batchOf = (/** @type {number} */ turn) => batches[turn % batches.length];
  const { enqueueTrainBatch } = adapter;
  return {
    async first(report) {
      report.losses.push(...finite([await adapter.trainBatch(batchOf(0))]));
    },
    async check(report) {
      for (let i = 1; i < check_count; i++) report.losses.push(...finite([await adapter.trainBatch(batchOf(i))]));
    },
    operation: (turn) => adapter.trainBatch(batchOf(turn)),
    enqueue: enqueueTrainBatch ? (turn) => enqueueTrainBatch(batchOf(turn)) : null,
  };
}
