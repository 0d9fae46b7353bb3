// One inference of one's own model: which inputs it gets, and which of its numbers are reported.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { graph, thinned } from '../../src/howfar/page/workloads/graph.js';

/** @typedef {import('../../src/howfar/page/protocol.js').Assignment} Assignment */
/** @typedef {import('../../src/howfar/page/protocol.js').Report} Report */
/** @typedef {import('../../src/howfar/page/tensors.js').Tensor} Tensor */

const [samples, features] = [3, 2];
const data = { inputs: Float32Array.from({ length: samples * features }, (_, i) => i) };

/**
 * @param {number} [output_stride]
 * @returns {Assignment}
 */
function assignment(output_stride = 1) {
  const file = new URL('../fixtures/protocol/assignment-valid-graph-inference.json', import.meta.url);
  const one = JSON.parse(readFileSync(file, 'utf8'));
  return { ...one, inputs: [{ name: 'x', shape: [1, features], dtype: 'float32' }], output_stride, check_count: samples, data: { samples, features, classes: 4 } };
}

/** @returns {Report} */
const report = () => ({
  task_id: '', status: 'ok', message: '', detail: '', facts: {}, phases: [], series: [],
  outputs: [], losses: [], live_tensors: null, heap_bytes: null, schema: 3,
});

/** Two outputs: its inputs, and their sum twice as int64. */
function runtime() {
  /** @type {number[][]} */
  const asked = [];
  return {
    asked,
    open: () => ({}),
    run: async (/** @type {readonly Tensor[]} */ tensors) => {
      const [a = NaN, b = NaN] = tensors[0]?.values ?? [];
      asked.push([a, b]);
      return [Float32Array.of(a, b), BigInt64Array.of(BigInt(a + b), BigInt(a + b))];
    },
    dispose() {},
  };
}

test('all outputs in a row, sample after sample, as plain numbers', async () => {
  const adapter = runtime();
  const work = graph(adapter, assignment(), data);
  const found = report();
  await work.first(found);
  for (let turn = 1; turn < work.checks; turn++) await work.check(found, turn);
  assert.deepEqual(found.outputs, [0, 1, 1, 1, 2, 3, 5, 5, 4, 5, 9, 9]);
  assert.deepEqual(adapter.asked, [[0, 1], [2, 3], [4, 5]]);
});

test('the operations go through all samples and begin again', async () => {
  const adapter = runtime();
  const work = graph(adapter, assignment(), data);
  for (const turn of [0, 2, 3]) await work.operations.latency?.(turn);
  assert.deepEqual(adapter.asked, [[0, 1], [4, 5], [0, 1]]);
  assert.deepEqual([work.enqueue, Object.keys(work.operations), work.published], [null, ['latency'], undefined]);
});

test('every so-manieth number is of the whole row, not of each output', async () => {
  assert.deepEqual(thinned([[0, 1, 2, 3], [4], [], [5, 6, 7]], 3), [0, 3, 6]);
  assert.deepEqual(thinned([[0, 1], [2, 3]], 5), [0]);
  assert.deepEqual(thinned([], 2), []);
  const found = report();
  await graph(runtime(), assignment(2), data).check(found, 1);
  assert.deepEqual(found.outputs, [2, 5]);
});

test('numbers that are not finite are null; there are never too many for a report', async () => {
  const found = report();
  await graph({ ...runtime(), run: async () => [Float32Array.of(NaN, 1)] }, assignment(), data).first(found);
  assert.deepEqual(found.outputs, [null, 1]);
  assert.equal(thinned([new Float32Array(50_000)], 1).length, 20_000);
});

test("what can't be done of one's own model is unsupported", () => {
  const { open, dispose, run } = runtime();
  assert.throws(() => graph({ open, dispose }, assignment(), data), { status: 'unsupported' });
  const training = assignment();
  training.task.cell.workload = 'training';
  assert.throws(() => graph({ open, dispose, run }, training, data), { status: 'unsupported', message: /training/ });
});
