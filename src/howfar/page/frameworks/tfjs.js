// TensorFlow.js, layers API, float32. Threads of the wasm back end are its own choice (half of the cores).

import { probeBackend } from '../backends.js';
import { Failure } from '../protocol.js';

/** @typedef {{data(): Promise<Float32Array>, dispose(): void}} Tensor */
/** @typedef {{xs: Tensor, ys: Tensor}} Batch */
/**
 * @typedef {object} LayersModel
 * @property {(layer: object) => void} add
 * @property {(options: object) => void} compile
 * @property {(weights: Tensor[]) => void} setWeights
 * @property {() => Tensor[]} getWeights
 * @property {(input: Tensor) => Tensor} predict
 * @property {(input: Tensor, options: object) => Tensor} apply
 * @property {(xs: Tensor, ys: Tensor) => Promise<number>} trainOnBatch
 * @property {() => void} dispose
 */
/** @typedef {{minimize(f: () => Tensor, returnCost: boolean): null, dispose(): void}} Optimizer */
/**
 * @typedef {object} TensorFlowJs
 * @property {(name: string) => Promise<boolean>} setBackend
 * @property {() => Promise<void>} ready
 * @property {() => string} getBackend
 * @property {() => {numTensors: number}} memory
 * @property {() => LayersModel} sequential
 * @property {{dense(options: object): object}} layers
 * @property {{sgd(learningRate: number): Optimizer}} train
 * @property {{categoricalCrossentropy(labels: Tensor, outputs: Tensor): Tensor}} metrics
 * @property {(values: Float32Array, shape: [number, number]) => Tensor} tensor2d
 * @property {(values: Float32Array) => Tensor} tensor1d
 * @property {(tensor: Tensor) => Tensor} mean
 * @property {<T>(f: () => T) => T} tidy
 * @property {() => void} disposeVariables
 * @property {{setWasmPaths(path: string): void, getThreadsCount(): number}} [wasm]
 * @property {{tfjs?: string}} version
 */

/** @type {TensorFlowJs} */
let tf;
/** @type {LayersModel} */
let model;
/** @type {Optimizer} */
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

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  async open(backend, assets) {
    const found = await probeBackend(backend);
    tf = /** @type {any} */ (globalThis).tf;
    if (assets['wasm']) tf.wasm?.setWasmPaths(assets['wasm']);
    if (!(await tf.setBackend(backend))) throw new Failure('unsupported', `tf.setBackend('${backend}') answers false`);
    await tf.ready();
    return { ...found, ...wasmFacts(), backend: tf.getBackend(), dtype: 'float32' };
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

  trainBatch: ({ xs, ys }) => model.trainOnBatch(xs, ys),

  // trainOnBatch always reads the loss back; this is the same step by the optimizer's own call, without that.
  enqueueTrainBatch({ xs, ys }) {
    optimizer.minimize(() => tf.mean(tf.metrics.categoricalCrossentropy(ys, model.apply(xs, { training: true }))), false);
  },

  // A GPU works in order: once what was computed last can be read, all that was enqueued before it is done. It must be
  // something that the enqueued operations made: values that never left the CPU would be read at once.
  async sync() {
    const last = enqueued ?? model.getWeights().at(-1);
    await last?.data();
    enqueued?.dispose();
    enqueued = null;
  },

  liveTensors: () => tf.memory().numTensors,

  dispose() {
    optimizer.dispose();
    model.dispose();
  },
};
