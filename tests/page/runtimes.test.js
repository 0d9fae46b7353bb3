// What the adapters of today's runtimes ask of their libraries, with libraries that only write down what they were asked.

import assert from 'node:assert/strict';
import test from 'node:test';

import { adapter as litert, delegated } from '../../src/howfar/page/frameworks/litert.js';
import { adapter as onnx, placementFacts, placements } from '../../src/howfar/page/frameworks/onnxruntime-web.js';
import { loadGraph } from '../../src/howfar/page/frameworks/tfjs/graph.js';

/** @typedef {import('../../src/howfar/page/protocol.js').Facts} Facts */
/** @typedef {import('../../src/howfar/page/protocol.js').TensorSpec} TensorSpec */

/** @type {TensorSpec[]} */
const INPUTS = [{ name: 'a', shape: [1, 2], dtype: 'float32' }, { name: 'b', shape: [1], dtype: 'int64' }];
const TENSORS = INPUTS.map((input, i) => ({ ...input, values: i ? Int32Array.of(3) : Float32Array.of(1, 2) }));
const DEFAULTS = { threads: null, switch: '' };

Object.assign(globalThis, { location: { href: 'http://page.localhost/run/' } });

const LOG = [
  '[V:onnxruntime:, session_state.cc:1316 VerifyEachNodeIsAssignedToAnEp] Node placements',
  '[V:onnxruntime:, session_state.cc:1322 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [WebGpuExecutionProvider]. Number of nodes: 12',
  '[V:onnxruntime:, session_state.cc:1324 VerifyEachNodeIsAssignedToAnEp]   Conv (conv1)',
  '[V:onnxruntime:, session_state.cc:1322 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [CPUExecutionProvider]. Number of nodes: 2',
  '[V:onnxruntime:, session_state.cc:1319 VerifyEachNodeIsAssignedToAnEp]  All nodes placed on [CPUExecutionProvider]. Number of nodes: 3',
];

test('ONNX Runtime: the nodes of every execution provider, those of inner graphs too', () => {
  assert.deepEqual(placements(LOG), { WebGpuExecutionProvider: 12, CPUExecutionProvider: 5 });
  assert.deepEqual(placements(['nothing of that kind']), {});
});

test('ONNX Runtime: how many nodes another computes than was asked for; all of them is a fall back', () => {
  assert.deepEqual(placementFacts('webgpu', placements(LOG)),
    { execution_providers: 'WebGpuExecutionProvider, CPUExecutionProvider', nodes: 17, nodes_fell_back: 5 });
  assert.deepEqual(placementFacts('webgpu', {}), {}, 'what the log does not say is not known');
  assert.throws(() => placementFacts('webnn', { CPUExecutionProvider: 4 }), { status: 'fell_back', message: /all 4 nodes are on CPUExecutionProvider/ });
});

/** An ONNX Runtime whose models double their inputs. */
function fakeOrt() {
  /** @type {{url: string, options: any}[]} */
  const created = [];
  /** @type {any[]} */
  const fed = [];
  class Tensor {
    /** @param {string} type @param {any} data @param {number[]} dims */
    constructor(type, data, dims) {
      Object.assign(this, { type, data, dims });
    }
  }
  const session = {
    inputNames: ['b', 'a'], outputNames: ['y', 'x'],
    run: async (/** @type {any} */ feeds) => (fed.push(feeds), { x: { data: Float32Array.of(1) }, y: { data: BigInt64Array.of(2n) } }),
    release: async () => {},
  };
  const InferenceSession = { create: async (/** @type {string} */ url, /** @type {any} */ options) => (created.push({ url, options }), session) };
  return { created, fed, env: { wasm: /** @type {any} */ ({}) }, Tensor, InferenceSession };
}

test('ONNX Runtime on wasm: its own files, as many threads as asked for, inputs by name, outputs in order', async () => {
  const ort = fakeOrt();
  const opened = await onnx.open('wasm', { wasm: '/packages/ort/dist/' }, { threads: 2, switch: '' }, { ort });
  assert.deepEqual(ort.env.wasm, { wasmPaths: 'http://page.localhost/packages/ort/dist/', numThreads: 2 });
  assert.equal(opened['backend'], 'wasm');
  /** @type {Facts} */
  const facts = await onnx.loadGraph({ 'weights.bin': '/files/weights.bin', 'model.onnx': '/files/model.onnx' }, INPUTS);
  assert.deepEqual(ort.created, [{ url: '/files/model.onnx', options: { executionProviders: ['wasm'], externalData: [{ path: 'weights.bin', data: '/files/weights.bin' }] } }]);
  assert.deepEqual([facts['execution_providers'], facts['nodes_fell_back'], facts['wasm_threads_used']], ['CPUExecutionProvider', 0, 2]);
  assert.deepEqual(await onnx.run(TENSORS), [BigInt64Array.of(2n), Float32Array.of(1)]);
  const [{ a, b }] = ort.fed;
  assert.deepEqual([a.type, a.data, a.dims], ['float32', Float32Array.of(1, 2), [1, 2]]);
  assert.deepEqual([b.type, b.data, b.dims], ['int64', BigInt64Array.of(3n), [1]]);
});

test('ONNX Runtime: fewer threads than asked for is a fall back; by default it chooses itself', async () => {
  const ort = fakeOrt();
  await onnx.open('wasm', {}, { threads: 4, switch: '' }, { ort });
  ort.env.wasm.numThreads = 1; // as the library does where there are no threads
  await assert.rejects(async () => onnx.loadGraph({ 'model.onnx': '/m' }, INPUTS), { status: 'fell_back', message: 'asked for 4 threads, got 1' });
  const other = fakeOrt();
  await onnx.open('wasm', {}, DEFAULTS, { ort: other });
  assert.equal('numThreads' in other.env.wasm, false);
});

test('ONNX Runtime says what an operator lacks', () => {
  assert.equal(onnx.lacks("cannot resolve operator 'Erf' with opsets: ai.onnx v13"), "cannot resolve operator 'Erf' with opsets: ai.onnx v13");
  assert.equal(onnx.lacks('x is undefined'), undefined);
});

/**
 * @param {string} accelerator
 * @param {object} [changes]
 */
function fakeLiteRt(accelerator, changes = {}) {
  /** @type {any[]} */
  const asked = [];
  let alive = 0;
  class Tensor {
    /** @param {any} values @param {readonly number[]} shape */
    constructor(values, shape) {
      Object.assign(this, { values, shape });
      alive++;
    }
    data = async () => /** @type {any} */ (this).values;
    delete = () => { alive--; };
  }
  const model = {
    options: { accelerator, cpuOptions: { numThreads: 2 } }, isFullyAccelerated: true,
    getInputDetails: () => [{ name: 'b', dtype: 'int32' }, { name: 'a', dtype: 'float32' }],
    run: async (/** @type {any[]} */ tensors) => (asked.push(tensors.map(({ values }) => values)), [new Tensor(Float32Array.of(9), [1])]),
    delete: () => {}, ...changes,
  };
  return {
    asked, Tensor, alive: () => alive,
    loadLiteRt: async (/** @type {any[]} */ ...words) => void asked.push(words),
    loadAndCompile: async (/** @type {any[]} */ ...words) => (asked.push(words), model),
  };
}

test('LiteRT.js on wasm: inputs in the order and the types of the model; no tensor is left', async () => {
  const library = fakeLiteRt('wasm');
  await litert.open('wasm', { wasm: '/packages/litert/wasm/' }, { threads: 2, switch: '' }, { litert: library });
  const facts = await litert.loadGraph({ 'model.tflite': '/files/model.tflite' }, INPUTS);
  assert.deepEqual(await litert.run(TENSORS), [Float32Array.of(9)]);
  assert.deepEqual(facts, { execution_providers: 'wasm', wasm_threads_used: 2, nodes_fell_back: 0 });
  const [loaded, [url, options], taken] = library.asked;
  assert.deepEqual(loaded, ['/packages/litert/wasm/', { threads: true }]);
  assert.deepEqual([url, options.accelerator, options.cpuOptions], ['/files/model.tflite', 'wasm', { numThreads: 2 }]);
  assert.deepEqual(taken, [Int32Array.of(3), Float32Array.of(1, 2)]);
  assert.equal(library.alive(), 0);
});

test('LiteRT.js: with one thread, or by default, it takes its file without threads', async () => {
  for (const threads of [1, null]) {
    const library = fakeLiteRt('wasm');
    await litert.open('wasm', { wasm: '/wasm/' }, { threads, switch: '' }, { litert: library });
    assert.deepEqual(library.asked, [['/wasm/', {}]]);
  }
});

test('LiteRT.js: how many nodes its GPU took; WebAssembly in its place is a fall back', async () => {
  const said = ['MATRIX_DIAG: Operation is not supported.', '1 operations will run on the GPU, and the remaining 2 operations will run on the CPU.'];
  assert.deepEqual(delegated(said), { there: 1, elsewhere: 2 });
  assert.deepEqual(delegated(['No operations will run on the GPU, and all 7 operations will run on the CPU.']), { there: 0, elsewhere: 7 });
  assert.deepEqual(delegated(['INFO: loaded']), { there: 0, elsewhere: 0 });
  const gpu = { requestAdapter: async () => ({ info: { vendor: 'a', isFallbackAdapter: false } }) };
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true }); // Node 20 has none
  await litert.open('webgpu', { wasm: '/wasm/' }, DEFAULTS, { litert: fakeLiteRt('wasm') });
  await assert.rejects(async () => litert.loadGraph({ 'model.tflite': '/m' }, INPUTS), { status: 'fell_back', message: 'asked for webgpu, got wasm' });
});

/** @param {string} format */
function fakeTf(format) {
  let alive = 0;
  /** @type {any[]} */
  const asked = [];
  const tensor = (/** @type {any} */ values, /** @type {number[]} */ shape = [], dtype = '') =>
    (alive++, { values, shape, dtype, data: async () => values, dispose: () => { alive--; } });
  const outputs = () => [tensor(Float32Array.of(1)), tensor(Int32Array.of(2))];
  const graphModel = {
    inputNodes: ['a', 'b'], outputNodes: ['y', 'x'], dispose() {},
    execute(/** @type {any} */ feeds, /** @type {any} */ names) {
      asked.push({ feeds, names });
      if (format === 'dynamic') throw new Error('has the dynamic op Loop. Please use model.executeAsync() instead');
      return outputs();
    },
    executeAsync: async () => outputs(),
  };
  const layersModel = { inputs: [{ name: 'b' }, { name: 'a' }], inputNames: [], dispose() {}, predict: (/** @type {any} */ feeds) => (asked.push(feeds), tensor(Float32Array.of(5))) };
  return {
    asked, tensor, alive: () => alive, io: { http: () => ({ load: async () => ({ format: format === 'layers-model' ? format : 'graph-model' }) }) },
    loadGraphModel: async () => graphModel, loadLayersModel: async () => layersModel,
  };
}

test('TensorFlow.js: a graph model gets its inputs by name, int64 as int32, and gives its outputs in order', async () => {
  const tf = fakeTf('graph-model');
  const model = await loadGraph(tf, { 'model.json': '/m' }, INPUTS);
  assert.deepEqual(await model.run(TENSORS), [Float32Array.of(1), Int32Array.of(2)]);
  const [{ feeds: { a, b }, names }] = tf.asked;
  assert.deepEqual([a.dtype, b.dtype, b.values, names], ['float32', 'int32', Int32Array.of(3), ['y', 'x']]);
  assert.equal(tf.alive(), 0);
});

test('TensorFlow.js: a model with loops is run by the other call, and tried only once by the first', async () => {
  const tf = fakeTf('dynamic');
  const model = await loadGraph(tf, { 'model.json': '/m' }, INPUTS);
  for (const _ of [1, 2]) assert.deepEqual(await model.run(TENSORS), [Float32Array.of(1), Int32Array.of(2)]);
  assert.equal(tf.asked.length, 1);
  assert.equal(tf.alive(), 0);
});

test('TensorFlow.js: a layers model gets its inputs in its own order', async () => {
  const tf = fakeTf('layers-model');
  const model = await loadGraph(tf, { 'model.json': '/m' }, INPUTS);
  assert.deepEqual(await model.run(TENSORS), [Float32Array.of(5)]);
  assert.deepEqual(tf.asked[0].map((/** @type {any} */ { dtype }) => dtype), ['int32', 'float32']);
  assert.equal(tf.alive(), 0);
});
