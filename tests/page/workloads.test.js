// What one operation is, with an adapter that only writes down what it was asked.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { ceilings } from '../../src/howfar/page/workloads/ceilings.js';
import { features as featuresOf } from '../../src/howfar/page/workloads/features.js';
import { inference } from '../../src/howfar/page/workloads/inference.js';
import { loading } from '../../src/howfar/page/workloads/loading.js';
import { training } from '../../src/howfar/page/workloads/training.js';

/** @typedef {import('../../src/howfar/page/protocol.js').Assignment} Assignment */
/** @typedef {import('../../src/howfar/page/protocol.js').Report} Report */
/** @typedef {import('../../src/howfar/page/frameworks/adapter.js').TrainingAdapter<any>} TrainingAdapter */
/** @typedef {import('../../src/howfar/page/workloads/workload.js').Workload} Workload */

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

/** @returns {TrainingAdapter & {asked: number[][]}} */
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

/**
 * @param {Workload} work
 * @returns {Promise<Report>} the numbers of the first operation and of all checks
 */
async function checked(work) {
  const found = report();
  await work.first(found);
  for (let turn = 1; turn < work.checks; turn++) await work.check(found, turn);
  return found;
}

test('inference: the first outputs and the checked ones are of the first samples, in order', async () => {
  const adapter = recorder();
  const work = inference(adapter, assignment(), data);
  const found = report();
  await work.first(found);
  assert.deepEqual(found.outputs, [0, null]);
  assert.deepEqual((await checked(work)).outputs, [0, null, 2, null, 4, null]);
});

test('inference: the operations go through all samples and begin again', () => {
  const adapter = recorder();
  const work = inference(adapter, assignment(), data);
  for (const turn of [0, 1, 5, 6]) work.operations.latency?.(turn);
  assert.deepEqual(adapter.asked, [[0, 1], [2, 3], [10, 11], [0, 1]]);
  assert.equal(work.enqueue, null);
});

test('training: whole batches of inputs with their labels, in order, and again from the first', async () => {
  const adapter = recorder();
  const work = training(adapter, assignment(), data);
  assert.deepEqual((await checked(work)).losses, [0, 4, 8]);
  work.operations.latency?.(3);
  assert.deepEqual(adapter.asked, [[0, 1, 2, 3, 5, 4], [4, 5, 6, 7, 3, 2], [8, 9, 10, 11, 1, 0], [0, 1, 2, 3, 5, 4]]);
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

/** @type {Record<string, string>} */
const model_urls = { 'model.json': 'data:application/json,[7]' };

/** @returns {import('../../src/howfar/page/frameworks/adapter.js').LoadingAdapter<any> & {asked: number[][], loaded: string[]}} */
function loader() {
  /** @type {string[]} */
  const loaded = [];
  return { ...recorder(), loaded, load: ({ 'model.json': url = '' }) => { loaded.push(url); } };
}

/** @param {import('../../src/howfar/page/protocol.js').SteadyMetric[]} metrics */
function loadingAssignment(metrics) {
  const one = assignment();
  return { ...one, model_urls, task: { ...one.task, metrics } };
}

test('loading: the outputs of the model that was loaded are checked, and no operation is one of them', async () => {
  const adapter = loader();
  const work = await loading(adapter, loadingAssignment(['load']), data);
  assert.deepEqual((await checked(work)).outputs, [0, null, 2, null, 4, null]);
  assert.deepEqual(adapter.loaded, []);
  assert.equal(work.enqueue, null);
});

test('loading: over HTTP each time, or from files that the page already holds', async () => {
  const adapter = loader();
  const work = await loading(adapter, loadingAssignment(['load', 'load_from_memory']), data);
  for (const metric of /** @type {const} */ (['load', 'load', 'load_from_memory'])) await work.operations[metric]?.(0);
  const [first, second, held = ''] = adapter.loaded;
  assert.deepEqual([first, second], [model_urls['model.json'], model_urls['model.json']]);
  assert.match(held, /^blob:/);
  assert.equal(await (await fetch(held)).text(), '[7]');
});

test('features: what the library says, one training step, and the outputs after it', async () => {
  const adapter = { ...recorder(), features: () => ({ layer_types: 7, layer_names: 'Conv, FullyConn' }) };
  const work = featuresOf(adapter, assignment(), data);
  const found = await checked(work);
  assert.deepEqual(adapter.asked, [[0, 1, 2, 3, 5, 4], [0, 1], [2, 3], [4, 5]]);
  assert.deepEqual([found.losses, found.outputs], [[0], [0, null, 2, null, 4, null]]);
  assert.deepEqual(found.facts, { layer_types: 7, layer_names: 'Conv, FullyConn', trains: true, loads: false, saves: false });
  assert.deepEqual([work.operations, work.enqueue], [{}, null]);
});

test('features: what can only predict says so, and sends no loss', async () => {
  const { open, predict, dispose } = recorder();
  const found = await checked(featuresOf({ open, predict, dispose, load: () => {} }, assignment(), data));
  assert.deepEqual([found.losses.length, found.outputs.length], [0, 6]);
  assert.deepEqual(found.facts, { trains: false, loads: true, saves: false });
});

/**
 * A model that is one number, which it saves as that many bytes.
 * @param {(saved: number) => number} afterwards what its loader makes of them
 */
async function savedAndLoaded(afterwards) {
  let model = 5;
  const adapter = {
    ...recorder(),
    predict: () => Float32Array.of(model),
    save: () => ({ 'a.bin': new Blob(['x'.repeat(model)]), 'b.bin': new Blob(['y']) }),
    load: async (/** @type {Record<string, string>} */ urls) => {
      assert.deepEqual(Object.keys(urls), ['a.bin', 'b.bin']);
      model = afterwards((await (await fetch(urls['a.bin'] ?? '')).text()).length);
    },
  };
  return checked(featuresOf(adapter, assignment(), data));
}

test('features: what was saved is loaded again, and the outputs are as before', async () => {
  const { facts, outputs } = await savedAndLoaded((saved) => saved);
  assert.deepEqual([facts['saves'], facts['loads'], facts['saved_bytes'], facts['round_trip_error']], [true, true, 6, 0]);
  assert.deepEqual(outputs, [5, 5, 5]);
});

test('features: a model that comes back as another is seen', async () => {
  const { facts, outputs } = await savedAndLoaded((saved) => saved + 0.25);
  assert.equal(facts['round_trip_error'], 0.25);
  assert.deepEqual(outputs, [5, 5, 5], 'the outputs that are judged are those before');
});

test('ceilings: the product is computed once, and how far it is off is what is checked', async () => {
  let products = 0;
  const taken = { operations: { gemm: () => { products += 1; } }, work: { gemm_flop: 7 }, drained: true, error: () => 0.5 * products };
  const work = await ceilings({ ...recorder(), ceilings: async () => taken });
  const found = await checked(work);
  assert.deepEqual([found.outputs, found.facts, work.drained, work.checks], [[0.5], { gemm_flop: 7 }, true, 1]);
  assert.equal(work.operations, taken.operations);
});

test('ceilings: a framework has none', async () => {
  await assert.rejects(ceilings(recorder()), { status: 'unsupported' });
});
