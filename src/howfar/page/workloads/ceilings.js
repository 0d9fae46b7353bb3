// No framework and no network: what arithmetic and memory allow. One operation is a piece of work of known size; how fast
// that is, the best of many short samples says. Its one check is a product of whole numbers, which must be exact.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('../frameworks/adapter.js').Adapter<any>} Adapter */
/** @typedef {import('./workload.js').Workload} Workload */

import { Failure, finite } from '../protocol.js';

/**
 * @param {Adapter} adapter
 * @returns {Promise<Workload>}
 */
export async function ceilings(adapter) {
  if (!adapter.ceilings) throw new Failure('unsupported', 'its adapter knows no ceilings');
  const { operations, work, drained, error } = await adapter.ceilings();
  return {
    async first(report) {
      Object.assign(report.facts, work);
      await operations.gemm?.(0);
      report.outputs.push(...finite([await error()]));
    },
    checks: 1,
    check: async () => {},
    operations,
    drained,
    enqueue: null,
  };
}
