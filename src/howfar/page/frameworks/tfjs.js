// TensorFlow.js, layers API, float32, from 0.13 (the study's) to today's. Threads of the wasm back end are its own choice
// (half of the cores).

import { probeBackend } from '../backends.js';
import { Failure } from '../protocol.js';

/** @typedef {{shape: number[], data(): Promise<Float32Array>, dispose(): void}} Tensor */
/** @typedef {{xs: Tensor, ys: Tensor}} Batch */
/**
 * @typedef {object} LayersModel
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
 * @property {() => {numTensors: number}} memory
 * @property {() => LayersModel} sequential
 * @property {{dense(options: object): object, Layer: {prototype: object}}} layers
 * @property {{sgd(learningRate: number): Optimizer} & Record<string, unknown>} train
 * @property {{categoricalCrossentropy(labels: Tensor, outputs: Tensor): Tensor}} metrics
 * @property {(values: Float32Array, shape: [number, number]) => Tensor} tensor2d
 * @property {(values: Float32Array) => Tensor} tensor1d
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
/** @type {Optimizer | undefined} absent where the model was loaded, which is for predicting only */
let optimizer;
let classes = 0;
/** What enqueuePredict computed last and nobody has read. @type {Tensor | null} */
let enqueued = null;

/** @returns {import('../protocol.js').Facts} */
function wasmFacts() {
  return tf.getBackend() === 'wasm' && tf.wasm ? { wasm_threads_used: tf.wasm.getThreadsCount() } : {};
}

/** @param {Float32Array} input */
function forward(input) {
  return tf.tidy(() => model.predict(tf.tensor2d(input, [1, input.length])));
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

// An activation can be a layer too; these are counted among the activations.
const ACTIVATION_LAYERS = ['ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax'];

/** @returns {import('../protocol.js').Facts} what the library has registered under a name */
function features() {
  const registered = Object.entries(tf.serialization.SerializationMap.getMap().classNameMap);
  const layers = registered.filter(([, [one]]) => tf.layers.Layer.prototype.isPrototypeOf(one.prototype)).map(([name]) => name);
  const activations = registered.map(([name]) => name).filter((name) => /^[a-z]/.test(name) || ACTIVATION_LAYERS.includes(name));
  const optimizers = Object.getOwnPropertyNames(tf.train).filter((name) => typeof tf.train[name] === 'function' && !['length', 'name', 'prototype'].includes(name));
  return {
    layer_types: layers.length, layer_names: layers.join(', '),
    activation_types: activations.length, activation_names: activations.join(', '),
    optimizer_types: optimizers.length, optimizer_names: optimizers.join(', '),
    networks: 'DNN, CNN, RNN',
  };
}

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  async open(backend, assets) {
    const found = await probeBackend(backend);
    tf = /** @type {any} */ (globalThis).tf;
    if (assets['wasm']) tf.wasm?.setWasmPaths(assets['wasm']);
    if ((await tf.setBackend(backend)) === false) throw new Failure('unsupported', `tf.setBackend('${backend}') answers false`);
    await tf.ready?.();
    return { ...found, ...wasmFacts(), backend: tf.getBackend(), dtype: 'float32', batch: 'one call, one update by the mean gradient' };
  },

  build({ layers, parameters, learningRate }) {
    model = tf.sequential();
    layers.forEach(({ inputs, units, activation }, i) =>
      model.add(tf.layers.dense({ units, activation, ...(i === 0 ? { inputShape: [inputs] } : {}) })));
    optimizer = tf.train.sgd(learningRate);
    model.compile({ optimizer, loss: 'categoricalCrossentropy' });
    const tensors = layers.flatMap(({ inputs, units }, i) => {
      const { weights, biases } = /** @type {{weights: Float32Array, biases: Float32Array}} */ (parameters[i]);
      return [tf.tensor2d(weights, [inputs, units]), tf.tensor1d(biases)];
    });
    model.setWeights(tensors);
    tensors.forEach((tensor) => tensor.dispose());
    classes = layers.at(-1)?.units ?? 0;
  },

  async predict(input) {
    const output = forward(input);
    const numbers = await output.data(); // never dataSync(): on WebGPU it returns wrong numbers
    output.dispose();
    return numbers;
  },

  enqueuePredict(input) {
    enqueued?.dispose();
    enqueued = forward(input);
  },

  prepareBatch(inputs, labels) {
    const oneHot = new Float32Array(labels.length * classes);
    labels.forEach((label, i) => { oneHot[i * classes + label] = 1; });
    return {
      xs: tf.tensor2d(inputs, [labels.length, inputs.length / labels.length]),
      ys: tf.tensor2d(oneHot, [labels.length, classes]),
    };
  },

  trainBatch: ({ xs, ys }) => (model.trainOnBatch ? model.trainOnBatch(xs, ys) : fit(xs, ys, { shuffle: false })),

  // trainOnBatch always reads the loss back; this is the same step by the optimizer's own call, without that.
  enqueueTrainBatch({ xs, ys }) {
    optimizer?.minimize(() => tf.mean(tf.metrics.categoricalCrossentropy(ys, model.apply(xs, { training: true }))), false);
  },

  published: {
    predict: (input) => model.predict(tf.tensor2d(input, [1, input.length])),
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
  },

  features,

  liveTensors: () => tf.memory().numTensors,

  dispose() {
    optimizer?.dispose();
    model.dispose?.();
  },
};
