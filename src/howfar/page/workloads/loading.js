// One operation: a saved model's files to a model that is ready to predict, by the framework's own loader.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('../frameworks/adapter.js').LoadingAdapter<any>} LoadingAdapter */
/** @typedef {import('./workload.js').Workload} Workload */

import { finite } from '../protocol.js';
import { fetchFiles, inMemory } from '../load.js';

/**
 * @param {LoadingAdapter} adapter
 * @param {Assignment} assignment
 * @param {{inputs: Float32Array}} data
 * @returns {Promise<Workload>}
 */
export async function loading(adapter, { task, model_urls, check_count, data: { features } }, { inputs }) {
  const sampleOf = (/** @type {number} */ i) => inputs.slice(i * features, (i + 1) * features);
  const memory_urls = task.metrics.includes('load_from_memory') ? inMemory(await fetchFiles(model_urls)) : model_urls;
  return {
    async first(report) {
      report.outputs.push(...finite(await adapter.predict(sampleOf(0))));
    },
    checks: check_count,
    async check(report, turn) {
      report.outputs.push(...finite(await adapter.predict(sampleOf(turn))));
    },
    operations: { load: () => adapter.load(model_urls), load_from_memory: () => adapter.load(memory_urls) },
    enqueue: null,
  };
}
