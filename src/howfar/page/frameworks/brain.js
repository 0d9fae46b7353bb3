// brain.js: plain JS, float32 weights and float64 sums. A batch is one pass of train() over 64 samples, an update each.

import { allDense } from '../layers.js';
import { recurrent } from './brain/recurrent.js';

/** @typedef {{input: number[], output: number[]}[]} Batch */
/**
 * @typedef {object} Options
 * @property {string} [activation]
 * @property {string | undefined} [praxis]
 * @property {number} [iterations]
 * @property {number} [learningRate]
 * @property {number} [momentum]
 */
/** @typedef {Options & {inputSize?: number, hiddenLayers?: number[], outputSize?: number}} Shape */
/**
 * @typedef {object} NeuralNetwork
 * @property {number[]} sizes
 * @property {Float32Array[][]} weights [layer][unit][input], layers from 1 on
 * @property {Float32Array[]} biases [layer][unit], layers from 1 on
 * @property {() => void} [initialize]
 * @property {() => void} _initialize its name before 1.5
 * @property {(data: Batch, options: Options) => {error: number}} train
 * @property {(input: ArrayLike<number>) => ArrayLike<number>} run
 * @property {() => object} toJSON
 * @property {(saved: object) => NeuralNetwork} fromJSON
 */
/** @typedef {new (options: Shape) => NeuralNetwork} Maker */
/** @typedef {{NeuralNetwork: Maker, recurrent: object, [name: string]: unknown}} Brain */

/** @type {Brain} */
let brain;
/** @type {NeuralNetwork} */
let net;
/** @type {Options} */
let step;
/** @type {number} */
let classes;

/**
 * @param {number[]} sizes
 * @param {Options} options
 */
function initialized(sizes, options) {
  const [inputSize = 0, ...hiddenLayers] = sizes;
  const outputSize = hiddenLayers.pop() ?? 0;
  const fresh = new brain.NeuralNetwork({ inputSize, hiddenLayers, outputSize, ...options });
  fresh.sizes = sizes; // 1.x would take them only from its first training data
  (fresh.initialize ?? fresh._initialize).call(fresh);
  return fresh;
}

/**
 * @param {{weights: Float32Array, biases: Float32Array}} parameters weights (inputs, units)
 * @returns {Float32Array[]} one row per unit
 */
function rowsOf({ weights, biases }) {
  const [units, length] = [biases.length, weights.length / biases.length];
  return Array.from(biases, (_, j) => Float32Array.from({ length }, (_, k) => weights[k * units + j] ?? NaN));
}

/**
 * @param {string | undefined} praxis
 * @returns {number | undefined} where one step leads from a weight of 0.5
 */
function weightAfterStep(praxis) {
  const tiny = initialized([1, 1], { activation: 'sigmoid', praxis });
  tiny.weights[1] = [Float32Array.of(0.5)];
  tiny.biases[1] = Float32Array.of(0);
  tiny.train([{ input: [1], output: [1] }], { iterations: 1, praxis });
  return tiny.weights[1]?.[0]?.[0];
}

// Its kinds of network are its kinds of layer, as the paper counted them. Activations and optimizers are those that its
// sources name and that do something: the activation runs, the optimizer steps elsewhere than the default.
/** @returns {import('../protocol.js').Facts} */
function features() {
  const networks = ['NeuralNetwork', ...Object.keys(brain.recurrent)];
  const trainable = Object.keys(brain).filter((name) => /** @type {any} */ (brain[name])?.prototype?.toFunction);
  const methods = Object.values(Object.getOwnPropertyDescriptors(brain.NeuralNetwork.prototype));
  const sources = methods.map(({ value }) => String(value)).join('\n');
  const named = (/** @type {RegExp} */ pattern) =>
    [...new Set([...sources.matchAll(pattern)].map((match) => match[1] ?? ''))];
  const activations = named(/case ["']([\w-]+)["']:/g).filter((activation) =>
    Number.isFinite(initialized([2, 2, 1], { activation }).run([1, 0])[0]));
  const byDefault = weightAfterStep(undefined);
  const praxes = named(/praxis === ["'](\w+)["']/g).filter((praxis) => weightAfterStep(praxis) !== byDefault);
  const optimizers = ['sgd', ...praxes];
  return {
    layer_types: networks.length, layer_names: networks.join(', '),
    layers_uncounted: trainable.filter((name) => !networks.includes(name)).join(', '),
    activation_types: activations.length, activation_names: activations.join(', '),
    optimizer_types: optimizers.length, optimizer_names: optimizers.join(', '),
    networks: 'DNN, RNN',
  };
}

const feedForward = {
  /** @param {import('./adapter.js').Network} network */
  build({ layers: any, parameters, learningRate }) {
    const layers = allDense(any);
    const sizes = [layers[0]?.inputs ?? 0, ...layers.map(({ units }) => units)];
    net = initialized(sizes, { activation: layers[0]?.activation ?? '' });
    parameters.forEach((layer, i) => {
      net.weights[i + 1] = rowsOf(layer);
      net.biases[i + 1] = layer.biases.slice();
    });
    classes = layers.at(-1)?.units ?? 0;
    // It refuses a momentum of 0, and takes 0.1 where none is given.
    step = { iterations: 1, learningRate, momentum: 1e-9 };
  },

  predict: (/** @type {Float32Array} */ input) => net.run(input),

  /**
   * Plain arrays: since 1.5 a typed one is taken for an object with names, and each of them is looked up.
   * @param {Float32Array} inputs
   * @param {Uint8Array} labels
   */
  prepareBatch(inputs, labels) {
    const features = inputs.length / labels.length;
    return Array.from(labels, (label, i) => ({
      input: Array.from(inputs.subarray(i * features, (i + 1) * features)),
      output: Array.from({ length: classes }, (_, j) => Number(j === label)),
    }));
  },

  trainBatch: (/** @type {Batch} */ batch) => net.train(batch, step).error,
};

/** What holds the network of this page. @type {Required<Pick<import('./adapter.js').Adapter<any>, keyof typeof feedForward>>} */
let own = feedForward;

/** @satisfies {import('./adapter.js').Adapter<any>} */
export const adapter = {
  open() {
    brain = /** @type {any} */ (globalThis).brain;
    return { backend: 'cpu', dtype: 'float32', batch: 'one call, 64 updates, one per sample' };
  },

  build(network) {
    own = network.model.kind === 'rnn' ? recurrent : feedForward;
    return own.build(network);
  },

  predict: (input) => own.predict(input),

  prepareBatch: (inputs, labels) => own.prepareBatch(inputs, labels),

  trainBatch: (batch) => own.trainBatch(batch),

  save: () => ({ 'model.json': new Blob([JSON.stringify(net.toJSON())]) }),

  async load(urls) {
    const saved = JSON.parse(await (await fetch(urls['model.json'] ?? '')).text());
    // 1.4.0 saves the activation but does not restore it.
    net = new brain.NeuralNetwork({ activation: saved.activation ?? saved.trainOpts.activation }).fromJSON(saved);
  },

  features,

  dispose() {},
};
