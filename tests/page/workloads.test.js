// What one operation is, with an adapter that only writes down what it was asked.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { inference } from '../../src/howfar/page/workloads/inference.js';
import { training } from '../../src/howfar/page/workloads/training.js';

/** @typedef {import('../../src/howfar/page/protocol.js').Assignment} Assignment */
/** @typedef {import('../../src/howfar/page/protocol.js').Report} Report */
/** @typedef {import('../../src/howfar/page/frameworks/adapter.js').Adapter<any>} Adapter */

const [samples, features] = [6, 2];
const data = { inputs: Float32Array.from({ length: samples * features }, (_, i) => i), labels: Uint8Array.of(5, 4, 3, 2, 1, 0) };

/** @returns {Assignment} */
function assignment() {
  const file = new URL('../fixtures/protocol/assignment-valid-tfjs-training.json', import.meta.url);
  const one = JSON.parse(readFileSync(file, 'utf8'));
  one.task.batch_size = 2;
  return { ...one, check_count: 3, data: { samples, features, classes: 10 } };
}

/** @returns {Report} */
const report = () => ({
  task_id: '', status: 'ok', message: '', detail: '', facts: {}, phases: [], series: [],
  outputs: [], losses: [], live_tensors: null, heap_bytes: null, schema: 1,
});

/** @returns {Adapter & {asked: number[][]}} */
function recorder() {
  /** @type {number[][]} */
  const asked = [];
  return {
    asked,
    open: () => ({}),
    build() {},
    predict(input) { asked.push([...input]); return Float32Array.of(input[0] ?? NaN, NaN); },
    prepareBatch: (inputs, labels) => [...inputs, ...labels],
    trainBatch(batch) { asked.push(batch); return batch[0]; },
    dispose() {},
  };
}

test('inference: the first outputs and the checked ones are of the first samples, in order', async () => {
  const [adapter, found] = [recorder(), report()];
  const work = inference(adapter, assignment(), data);
  await work.first(found);
  assert.deepEqual(found.outputs, [0, null]);
  await work.check(found);
  assert.deepEqual(found.outputs, [0, null, 2, null, 4, null]);
});

test('inference: the operations go through all samples and begin again', () => {
  const adapter = recorder();
  const work = inference(adapter, assignment(), data);
  for (const turn of [0, 1, 5, 6]) work.operation(turn);
  assert.deepEqual(adapter.asked, [[0, 1], [2, 3], [10, 11], [0, 1]]);
  assert.equal(work.enqueue, null);
});

test('training: whole batches of inputs with their labels, in order, and again from the first', async () => {
  const [adapter, found] = [recorder(), report()];
  const work = training(adapter, assignment(), data);
  await work.first(found);
  await work.check(found);
  work.operation(3);
  assert.deepEqual(adapter.asked, [[0, 1, 2, 3, 5, 4], [4, 5, 6, 7, 3, 2], [8, 9, 10, 11, 1, 0], [0, 1, 2, 3, 5, 4]]);
  assert.deepEqual(found.losses, [0, 4, 8]);
});

test('what an adapter can leave on the device is enqueued', () => {
  /** @type {unknown[]} */
  const asked = [];
  const enqueue = (/** @type {unknown} */ what) => void asked.push(what);
  const adapter = { ...recorder(), enqueuePredict: enqueue, enqueueTrainBatch: enqueue };
  inference(adapter, assignment(), data).enqueue?.(1);
  training(adapter, assignment(), data).enqueue?.(4);
  assert.deepEqual(asked, [Float32Array.of(2, 3), [4, 5, 6, 7, 3, 2]]);
});
