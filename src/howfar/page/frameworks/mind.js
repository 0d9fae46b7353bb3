// Mind: plain JS, float64, weights without biases. A batch is one learn() call of one iteration.

import { allDense } from '../layers.js';

/** @typedef {{[row: number]: number[], numRows: number, numCols: number}} Matrix */
/** @typedef {{input: number[], output: number[]}[]} Batch */
/**
 * @typedef {object} Mind
 * @property {(weights: Matrix[]) => Mind} upload
 * @property {() => Matrix[]} download
 * @property {(batch: Batch) => Mind} learn
 * @property {(input: ArrayLike<number>) => number[]} predict
 * @property {(event: 'data', listener: (iteration: number, errors: Matrix) => void) => void} on `errors`: t - y,
 *   (batch, outputs)
 * @property {Function} activate
 */
/** @typedef {{new (options: object): Mind, prototype: {forward: Function}}} MindClass */

/** @type {MindClass} */
let library;
/** @type {(rows: ArrayLike<number>[]) => Matrix} */
let matrix;
/** @type {Mind} */
let mind;
let classes = 0;
/** What learn() said last: the mean over the batch of half the squared error, before the update. */
let loss = NaN;

/** @param {Matrix} errors */
function halfSquared(errors) {
  let sum = 0;
  for (let i = 0; i < errors.numRows; i++) {
    for (const error of /** @type {number[]} */ (errors[i])) sum += error * error;
  }
  return sum / 2 / errors.numRows;
}

/**
 * @param {Float32Array} weights (inputs, units)
 * @param {number} units
 */
function toMatrix(weights, units) {
  return matrix(Array.from({ length: weights.length / units }, (_, i) => weights.subarray(i * units, (i + 1) * units)));
}

/**
 * The library's class knows only the number of hidden layers; their sizes are the weights'.
 * @param {Matrix[]} weights
 * @param {object} [options]
 */
function withWeights(weights, options) {
  return new library({ activator: 'sigmoid', hiddenLayers: weights.length - 1, ...options }).upload(weights);
}

/**
 * The library keeps no tables: it is asked what its sources name, and what it makes of that.
 * @returns {import('../protocol.js').Facts}
 */
function features() {
  // How a layer is computed from the one before it: each method that the forward pass calls for one is a kind of layer.
  const layers = new Set([...library.prototype.forward.toString().matchAll(/this\.(\w+)\(/g)].map((match) => match[1]));
  // The activations that the constructor compares with, and the one that it takes for any other name.
  const named = [...library.toString().matchAll(/\.activator\s*===?\s*["'](\w+)["']/g)].map((match) => match[1]);
  const activations = [...named, 'any other'].map((activator) => {
    const { activate } = new library({ activator });
    return /** @type {const} */ ([activate, activate.name || activator]);
  });
  const names = new Map(activations);
  return {
    layer_types: layers.size, layer_names: [...layers].join(', '),
    activation_types: names.size, activation_names: [...names.values()].join(', '),
    networks: 'DNN',
  };
}

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  open() {
    const { bundles } = /** @type {{bundles?: Record<string, (name: string) => any>}} */ (globalThis);
    const require = /** @type {(name: string) => any} */ (bundles?.['node-mind']);
    library = require('node-mind');
    matrix = require('node-matrix');
    return { backend: 'cpu', dtype: 'float64', batch: 'one call, one update, by the sum of the gradients' };
  },

  build({ layers: any, parameters, learningRate }) {
    const layers = allDense(any);
    classes = layers.at(-1)?.units ?? 0;
    const weights = parameters.map((parameter, i) => toMatrix(parameter.weights, layers[i]?.units ?? 0));
    mind = withWeights(weights, { learningRate, iterations: 1 });
    mind.on('data', (_, errors) => { loss = halfSquared(errors); });
  },

  predict: (input) => mind.predict(input),

  prepareBatch(inputs, labels) {
    const features = inputs.length / labels.length;
    return Array.from(labels, (label, i) => ({
      input: Array.from(inputs.subarray(i * features, (i + 1) * features)),
      output: Array.from({ length: classes }, (_, j) => Number(j === label)),
    }));
  },

  trainBatch(batch) {
    mind.learn(batch);
    return loss;
  },

  save: () => ({ 'model.json': new Blob([JSON.stringify(mind.download())]) }),

  async load(urls) {
    const saved = await (await fetch(urls['model.json'] ?? '')).text();
    mind = withWeights(JSON.parse(saved)); // it takes plain objects for its matrices
  },

  features,

  dispose() {},
};
