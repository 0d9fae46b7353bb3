// brain.js: plain JS, float32 weights and float64 sums. A batch is one pass of train() over 64 samples, an update each.

/** @typedef {{input: number[], output: number[]}[]} Batch */
/** @typedef {{activation?: string, praxis?: string | undefined, iterations?: number, learningRate?: number, momentum?: number}} Options */
/** @typedef {Options & {inputSize?: number, hiddenLayers?: number[], outputSize?: number}} Shape */
/**
 * @typedef {object} NeuralNetwork
 * @property {number[]} sizes
 * @property {Float32Array[][]} weights [layer][unit][input], layers from 1 on
 * @property {Float32Array[]} biases [layer][unit], layers from 1 on
 * @property {() => void} [initialize]
 * @property {() => void} _initialize its name before 1.6
 * @property {(data: Batch, options: Options) => {error: number}} train
 * @property {(input: ArrayLike<number>) => ArrayLike<number>} run
 * @property {() => object} toJSON
 * @property {(saved: object) => NeuralNetwork} fromJSON
 */
/** @typedef {{NeuralNetwork: new (options: Shape) => NeuralNetwork, recurrent: object} & Record<string, unknown>} Brain */

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
  const fresh = new brain.NeuralNetwork({ inputSize: sizes[0] ?? 0, hiddenLayers: sizes.slice(1, -1), outputSize: sizes.at(-1) ?? 0, ...options });
  fresh.sizes = sizes; // 1.x would take them only from its first training data
  (fresh.initialize ?? fresh._initialize).call(fresh);
  return fresh;
}

/**
 * @param {{weights: Float32Array, biases: Float32Array}} parameters weights (inputs, units)
 * @returns {Float32Array[]} one row per unit
 */
function rowsOf({ weights, biases }) {
  const units = biases.length;
  return Array.from(biases, (_, j) => Float32Array.from({ length: weights.length / units }, (_, k) => weights[k * units + j] ?? NaN));
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

/** @returns {import('../protocol.js').Facts} what its sources name, if it does what they say. Its networks are its layers. */
function features() {
  const networks = ['NeuralNetwork', ...Object.keys(brain.recurrent)];
  const trainable = Object.keys(brain).filter((name) => /** @type {any} */ (brain[name])?.prototype?.toFunction);
  const methods = Object.values(Object.getOwnPropertyDescriptors(brain.NeuralNetwork.prototype)).map(({ value }) => String(value));
  const named = (/** @type {RegExp} */ pattern) => [...new Set([...methods.join('\n').matchAll(pattern)].map((match) => match[1] ?? ''))];
  const activations = named(/case ["']([\w-]+)["']:/g).filter((activation) =>
    Number.isFinite(initialized([2, 2, 1], { activation }).run([1, 0])[0]));
  const optimizers = ['sgd', ...named(/praxis === ["'](\w+)["']/g).filter((praxis) => weightAfterStep(praxis) !== weightAfterStep(undefined))];
  return {
    layer_types: networks.length, layer_names: networks.join(', '),
    layers_uncounted: trainable.filter((name) => !networks.includes(name)).join(', '),
    activation_types: activations.length, activation_names: activations.join(', '),
    optimizer_types: optimizers.length, optimizer_names: optimizers.join(', '),
    networks: 'DNN, RNN',
  };
}

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  open() {
    brain = /** @type {any} */ (globalThis).brain;
    return { backend: 'cpu', dtype: 'float32', batch: 'one call, 64 updates, one per sample' };
  },

  build({ layers, parameters, learningRate }) {
    net = initialized([layers[0]?.inputs ?? 0, ...layers.map(({ units }) => units)], { activation: layers[0]?.activation ?? '' });
    parameters.forEach((layer, i) => {
      net.weights[i + 1] = rowsOf(layer);
      net.biases[i + 1] = layer.biases.slice();
    });
    classes = layers.at(-1)?.units ?? 0;
    step = { iterations: 1, learningRate, momentum: 1e-9 }; // it wants a momentum above 0, and is 0.1 where none is given
  },

  predict: (input) => net.run(input),

  // Plain arrays: 1.6 and 2 take a typed one for an object with names, and look each of them up.
  prepareBatch(inputs, labels) {
    const features = inputs.length / labels.length;
    return Array.from(labels, (label, i) => ({
      input: Array.from(inputs.subarray(i * features, (i + 1) * features)),
      output: Array.from({ length: classes }, (_, j) => Number(j === label)),
    }));
  },

  trainBatch: (batch) => net.train(batch, step).error,

  save: () => ({ 'model.json': new Blob([JSON.stringify(net.toJSON())]) }),

  async load(urls) {
    const saved = JSON.parse(await (await fetch(urls['model.json'] ?? '')).text());
    // 1.4.0 saves the activation but does not restore it.
    net = new brain.NeuralNetwork({ activation: saved.activation ?? saved.trainOpts.activation }).fromJSON(saved);
  },

  features,

  dispose() {},
};
