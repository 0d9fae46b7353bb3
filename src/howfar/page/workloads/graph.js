// One operation: one inference of one's own model, from typed arrays on the CPU to typed arrays on the CPU.

/** @typedef {import('../protocol.js').Assignment} Assignment */
/** @typedef {import('../protocol.js').Report} Report */
/** @typedef {import('../frameworks/adapter.js').Adapter<any>} Adapter */
/** @typedef {import('../tensors.js').Tensor} Tensor */
/** @typedef {import('./workload.js').Workload} Workload */

import { Failure, finite } from '../protocol.js';
import { tensorsOf } from '../tensors.js';

// Of one sample; a model whose outputs are right is given a stride that comes to fewer.
const MOST_OUTPUTS = 20_000;

/**
 * @param {readonly ArrayLike<number | bigint>[]} outputs
 * @param {number} stride
 * @returns {number[]} every so-manieth of all their numbers in a row
 */
export function thinned(outputs, stride) {
  /** @type {number[]} */
  const numbers = [];
  let start = 0;
  let next = 0;
  for (const output of outputs) {
    for (; next < start + output.length && numbers.length < MOST_OUTPUTS; next += stride) numbers.push(Number(output[next - start]));
    start += output.length;
  }
  return numbers;
}

/**
 * @param {Adapter} adapter
 * @param {Assignment} assignment
 * @param {{inputs: Float32Array}} data
 * @returns {Workload}
 */
export function graph({ run }, { task, inputs, output_stride, check_count, data: { samples } }, data) {
  if (!run || task.cell.workload !== 'inference') throw new Failure('unsupported', `its adapter does no ${task.cell.workload} of one's own model`);
  const sets = Array.from({ length: samples }, (_, i) => tensorsOf(inputs, /** @type {ArrayBuffer} */ (data.inputs.buffer), i));
  const infer = (/** @type {number} */ turn) => run(/** @type {Tensor[]} */ (sets[turn % samples]));
  const check = async (/** @type {Report} */ report, /** @type {number} */ turn) => {
    report.outputs.push(...finite(thinned(await infer(turn), output_stride)));
  };
  return { first: (report) => check(report, 0), checks: check_count, check, operations: { latency: infer }, enqueue: null };
}
