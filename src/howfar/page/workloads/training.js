// One operation: one SGD step on a batch that is already in the framework's own form.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('./workload.js').Workload} Workload */

import { finite } from '../protocol.js';

/**
 * @param {import('../frameworks/adapter.js').TrainingAdapter<any>} adapter
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
  const publishedTrainBatch = adapter.published?.trainBatch ?? adapter.trainBatch;
  return {
    async first(report) {
      report.losses.push(...finite([await adapter.trainBatch(batchOf(0))]));
    },
    checks: check_count,
    async check(report, turn) {
      report.losses.push(...finite([await adapter.trainBatch(batchOf(turn))]));
    },
    operations: { latency: (turn) => adapter.trainBatch(batchOf(turn)) },
    published: {
      apart: false,
      operation: (turn) => publishedTrainBatch(batchOf(turn)),
      // The pass begins with the steps that are checked: their losses are its own.
      keep(report, loss) {
        if (report.losses.length < check_count) report.losses.push(...finite([loss]));
      },
    },
    enqueue: enqueueTrainBatch ? (turn) => enqueueTrainBatch(batchOf(turn)) : null,
  };
}
