// TensorFlow.js, layers API, float32, from 0.13 (the study's) to today's. By default the wasm back end takes half of the
// cores for its threads.

import { probeBackend } from '../backends.js';
import { shapedParameters, shapeIn } from '../layers.js';
import { Failure } from '../protocol.js';
import { features } from './tfjs/features.js';
import { loadGraph } from './tfjs/graph.js';

/** @typedef {{shape: number[], data(): Promise<Float32Array>, dispose(): void}} Tensor */
/** @typedef {{xs: Tensor, ys: Tensor}} Batch */
/**
 * @typedef {object} LayersModel
 * @property {{shape: (number | null)[]}[]} inputs
 * @property {(layer: object) => void} add
 * @property {(options: object) => void} compile
 * @property {(weights: Tensor[]) => void} setWeights
 * @property {() => Tensor[]} getWeights
 * @property {(input: Tensor) => Tensor} predict
 * @property {(input: Tensor, options: object) => Tensor} apply
 * @property {(xs: Tensor, ys: Tensor) => Promise<number>} [trainOnBatch] since 0.14
 * @property {(xs: Tensor, ys: Tensor, options: object) => Promise<{history: {loss: number[]}}>} fit
 * @property {(handler: {save(artifacts: Artifacts): Promise<object>}) => Promise<object>} save
 * @property {() => void} [dispose] since 0.14
 */
/** @typedef {{modelTopology: object, weightSpecs: object[], weightData: ArrayBuffer, format?: string, generatedBy?: string}} Artifacts */
/** @typedef {{minimize(f: () => Tensor, returnCost: boolean): null, dispose(): void}} Optimizer */
/**
 * @typedef {object} TensorFlowJs
 * @property {(name: string) => Promise<boolean> | void} setBackend before 1.0 it throws where it can't
 * @property {() => Promise<void>} [ready] since 1.0
 * @property {() => Promise<void>} nextFrame
 * @property {() => string} getBackend
 * @property {(kernel: string, backend: string) => object | undefined} [getKernel] since 2.0
 * @property {() => {numTensors: number}} memory
 * @property {() => LayersModel} sequential
 * @property {Record<'dense' | 'conv2d' | 'maxPooling2d' | 'flatten' | 'lstm', (options: object) => object> & {Layer: {prototype: object}}} layers
 * @property {{sgd(learningRate: number): Optimizer} & Record<string, unknown>} train
 * @property {{categoricalCrossentropy(labels: Tensor, outputs: Tensor): Tensor}} metrics
 * @property {(values: Float32Array, shape: number[]) => Tensor} tensor
 * @property {() => {set(flag: string, value: boolean): void}} env
 * @property {(tensor: Tensor) => Tensor} mean
 * @property {<T>(f: () => T) => T} tidy
 * @property {() => void} disposeVariables
 * @property {(source: string | object) => Promise<LayersModel>} [loadLayersModel] since 1.0
 * @property {(source: string | object) => Promise<LayersModel>} [loadModel] before 1.0
 * @property {{browserFiles(files: File[]): object}} io
 * @property {{SerializationMap: {getMap(): {classNameMap: Record<string, [{prototype: object}, ...unknown[]]>}}}} serialization
 * @property {{setWasmPaths(path: string): void, getThreadsCount(): number}} [wasm]
 * @property {{tfjs?: string}} version
 */

/** @type {TensorFlowJs} */
let tf;
/** @type {LayersModel} */
let model;
/** One's own model. @type {import('./tfjs/graph.js').Runnable | undefined} */
let graph;
/** @type {Optimizer | undefined} absent where the model was loaded, which is for predicting only */
let optimizer;
let classes = 0;
let convolves = false;
/** Of one sample. @type {number[]} */
let inputShape = [];
/** What enqueuePredict computed last and nobody has read. @type {Tensor | null} */
let enqueued = null;

/** @type {Record<string, number>} */
const THREADS = { 'threads=1': 1, 'threads=all': 0 };

/** @param {import('./adapter.js').Options} options */
const threadsOf = ({ threads, switch: switched }) => threads ?? THREADS[switched] ?? null;

/**
 * The wasm back end's files, threads and SIMD; before it is chosen.
 * @param {string} folder
 * @param {import('./adapter.js').Options} options
 */
function configureWasm(folder, options) {
  const threads = threadsOf(options);
  tf.wasm?.setWasmPaths(folder);
  if (options.switch === 'simd=off') tf.env().set('WASM_HAS_SIMD_SUPPORT', false);
  if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  else if (threads !== null) tellCores(2 * (threads || navigator.hardwareConcurrency));
}

/**
 * It takes half of the cores that the browser names, and nothing makes it take more (tensorflow/tfjs#6081).
 * @param {number} cores
 */
function tellCores(cores) {
  Object.defineProperty(Object.getPrototypeOf(navigator), 'hardwareConcurrency', { get: () => cores });
}

/**
 * @param {import('./adapter.js').Options} options
 * @returns {import('../protocol.js').Facts}
 */
function wasmFacts(options) {
  const threads = threadsOf(options);
  if (tf.getBackend() !== 'wasm' || !tf.wasm) return {};
  const used = threads === 1 ? 1 : tf.wasm.getThreadsCount();
  if (threads !== null && threads > 1 && used !== threads) throw new Failure('fell_back', `asked for ${threads} threads, got ${used}`);
  return { wasm_threads_used: used };
}

const GRADIENT_OF_CONVOLUTION = 'Conv2DBackpropFilter';

/**
 * A training step would miss the kernel only after its forward part, in a large network half a minute later.
 * @param {string} kernel
 */
function refuseWithout(kernel) {
  const backend = tf.getBackend();
  if (tf.getKernel && !tf.getKernel(kernel, backend)) throw new Failure('unsupported', `Kernel '${kernel}' is not in the back end '${backend}'`);
}

// Weights are set as soon as the network stands. To draw those of an LSTM or of many kernels by the library's defaults can
// take longer than to train it.
const UNDRAWN = { kernelInitializer: 'zeros', recurrentInitializer: 'zeros' };

/**
 * @param {import('../layers.js').Layer} layer
 * @param {object} entry the shape of the network's input, for its first layer
 */
function layerOf(layer, entry) {
  switch (layer.kind) {
    case 'dense': return tf.layers.dense({ ...entry, units: layer.units, activation: layer.activation });
    case 'conv2d': return tf.layers.conv2d({ ...UNDRAWN, ...entry, filters: layer.filters, kernelSize: layer.kernel, padding: 'same', activation: layer.activation });
    case 'max_pool2d': return tf.layers.maxPooling2d({ ...entry, poolSize: layer.size, strides: layer.size, padding: 'same' });
    case 'flatten': return tf.layers.flatten(entry);
    case 'lstm': return tf.layers.lstm({ ...UNDRAWN, ...entry, units: layer.units, returnSequences: layer.sequences, recurrentActivation: 'sigmoid' });
  }
}

/**
 * @param {Float32Array} inputs
 * @param {number} samples
 */
function tensorOf(inputs, samples) {
  return tf.tensor(inputs, [samples, ...inputShape]);
}

/**
 * @param {Float32Array} inputs
 * @param {number} [samples]
 */
function forward(inputs, samples = 1) {
  return tf.tidy(() => model.predict(tensorOf(inputs, samples)));
}

/** @param {Tensor} output */
async function read(output) {
  const numbers = await output.data(); // never dataSync(): on WebGPU it returns wrong numbers
  output.dispose();
  return numbers;
}

/**
 * @param {Tensor} xs one batch
 * @param {Tensor} ys
 * @returns {Promise<number>} the loss before its step
 */
async function fit(xs, ys, options = {}) {
  const { history } = await model.fit(xs, ys, { batchSize: xs.shape[0], epochs: 1, ...options });
  return /** @type {number} */ (history.loss[0]);
}

// As the library's own `downloads://` names it.
const WEIGHTS = 'model.weights.bin';

/**
 * @param {Record<string, string>} urls
 * @returns {Promise<File[]>} the description first, as the library's reader of files wants them
 */
function files(urls) {
  const names = ['model.json', ...Object.keys(urls).filter((name) => name !== 'model.json')];
  return Promise.all(names.map(async (name) => new File([await (await fetch(urls[name] ?? '')).blob()], name)));
}

/** @type {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  async open(backend, assets, options) {
    const found = await probeBackend(backend);
    tf = /** @type {any} */ (globalThis).tf;
    if (assets['wasm']) configureWasm(assets['wasm'], options);
    if ((await tf.setBackend(backend)) === false) throw new Failure('unsupported', `tf.setBackend('${backend}') answers false`);
    await tf.ready?.();
    return { ...found, ...wasmFacts(options), backend: tf.getBackend(), dtype: 'float32', batch: 'one call, one update by the mean gradient' };
  },

  build({ layers, parameters, learningRate }) {
    model = tf.sequential();
    inputShape = shapeIn(/** @type {import('../layers.js').Layer} */ (layers[0]));
    layers.forEach((layer, i) => model.add(layerOf(layer, i ? {} : { inputShape })));
    optimizer = tf.train.sgd(learningRate);
    model.compile({ optimizer, loss: 'categoricalCrossentropy' });
    // Before 0.14 a network with a recurrent layer can be trained by `fit` only.
    if (!model.trainOnBatch && layers.some(({ kind }) => kind === 'lstm')) delete adapter.enqueueTrainBatch;
    const tensors = layers.flatMap((layer, i) =>
      shapedParameters(layer, /** @type {any} */ (parameters[i])).map(({ values, shape }) => tf.tensor(values, shape)));
    model.setWeights(tensors);
    tensors.forEach((tensor) => tensor.dispose());
    convolves = layers.some(({ kind }) => kind === 'conv2d');
    classes = /** @type {import('../layers.js').Dense} */ (layers.at(-1)).units;
  },

  predict: (input) => read(forward(input)),

  predictBatch: (inputs, samples) => read(forward(inputs, samples)),

  enqueuePredict(input) {
    enqueued?.dispose();
    enqueued = forward(input);
  },

  prepareBatch(inputs, labels) {
    if (convolves) refuseWithout(GRADIENT_OF_CONVOLUTION);
    const oneHot = new Float32Array(labels.length * classes);
    labels.forEach((label, i) => { oneHot[i * classes + label] = 1; });
    return {
      xs: tensorOf(inputs, labels.length),
      ys: tf.tensor(oneHot, [labels.length, classes]),
    };
  },

  trainBatch: ({ xs, ys }) => (model.trainOnBatch ? model.trainOnBatch(xs, ys) : fit(xs, ys, { shuffle: false })),

  // trainOnBatch always reads the loss back; this is the same step by the optimizer's own call, without that.
  enqueueTrainBatch({ xs, ys }) {
    optimizer?.minimize(() => tf.mean(tf.metrics.categoricalCrossentropy(ys, model.apply(xs, { training: true }))), false);
  },

  published: {
    predict: (input) => model.predict(tensorOf(input, 1)),
    async trainBatch({ xs, ys }) {
      const loss = await fit(xs, ys);
      await tf.nextFrame();
      return loss;
    },
  },

  // A GPU works in order: once what was computed last can be read, all that was enqueued before it is done. It must be
  // something that the enqueued operations made: values that never left the CPU would be read at once.
  async sync() {
    const last = enqueued ?? model.getWeights().at(-1);
    await last?.data();
    enqueued?.dispose();
    enqueued = null;
  },

  async save() {
    /** @type {Artifacts[]} */
    const saved = [];
    await model.save({ save: async (artifacts) => (saved.push(artifacts), {}) });
    const { weightData, weightSpecs, ...rest } = /** @type {Artifacts} */ (saved[0]);
    const description = { ...rest, weightsManifest: [{ paths: [`./${WEIGHTS}`], weights: weightSpecs }] };
    return { 'model.json': new Blob([JSON.stringify(description)]), [WEIGHTS]: new Blob([weightData]) };
  },

  // Its own reader of URLs where files lie on the server, its own reader of files where they are in memory.
  async load(urls) {
    const read = tf.loadLayersModel ?? /** @type {Function} */ (tf.loadModel);
    const url = /** @type {string} */ (urls['model.json']);
    const next = await read(url.startsWith('blob:') ? tf.io.browserFiles(await files(urls)) : url);
    model?.dispose?.();
    model = next;
    inputShape = /** @type {number[]} */ (model.inputs[0]?.shape.slice(1));
  },

  async loadGraph(urls, inputs) {
    graph = await loadGraph(/** @type {any} */ (tf), urls, inputs);
  },

  run: (tensors) => /** @type {import('./tfjs/graph.js').Runnable} */ (graph).run(tensors),

  features: () => features(tf),

  lacks: (message) => /Kernel '(\w+)' not registered for backend '(\w+)'|Node type \w+ is not implemented|Unknown op '\w+'/.exec(message)?.[0]
    .replace('not registered for backend', 'is not in the back end'),

  liveTensors: () => tf.memory().numTensors,

  dispose() {
    graph?.dispose();
    optimizer?.dispose();
    model?.dispose?.();
  },
};
