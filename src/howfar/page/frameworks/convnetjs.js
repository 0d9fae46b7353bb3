// ConvNetJS: plain JS, float64. A batch is 64 train() calls; the weights move on the 64th, by the batch's mean gradient.

/** @typedef {{w: Float64Array}} Vol */
/** @typedef {{layer_type: string, filters: Vol[], biases: Vol}} DenseLayer */
/**
 * @typedef {object} Net
 * @property {DenseLayer[]} layers
 * @property {(definitions: object[]) => void} makeLayers
 * @property {(input: Vol) => Vol} forward
 * @property {() => object} toJSON
 * @property {(saved: object) => void} fromJSON
 */
/** @typedef {{train(input: Vol, label: number): {cost_loss: number}}} Trainer */
/**
 * @typedef {object} ConvNetJS
 * @property {new () => Net} Net
 * @property {new (sx: number, sy: number, depth: number, fill: number) => Vol} Vol
 * @property {new (net: Net, options: object) => Trainer} SGDTrainer
 * @property {{new (net: Net, options: object): {method: string}, prototype: {train: Function}}} Trainer
 */

/** @typedef {{vol: Vol, label: number}[]} Batch */

/** @type {ConvNetJS} */
let library;
/** @type {Net} */
let net;
/** @type {Trainer} */
let trainer;

/** @param {ArrayLike<number>} input */
function volume(input) {
  const vol = new library.Vol(1, 1, input.length, 0); // without the 0 it would draw random numbers
  vol.w.set(input);
  return vol;
}

/**
 * @param {DenseLayer} dense
 * @param {{weights: Float32Array, biases: Float32Array}} parameters weights (inputs, units)
 */
function setWeights(dense, { weights, biases }) {
  const units = biases.length;
  dense.filters.forEach((filter, j) => filter.w.forEach((_, k) => { filter.w[k] = /** @type {number} */ (weights[k * units + j]); }));
  dense.biases.w.set(biases);
}

// Layers of these kinds are activations, or change what passes through without weights and without a reason to be a
// layer of their own in a network's list: the paper counted neither.
const ACTIVATION_LAYERS = ['Relu', 'Sigmoid', 'Tanh', 'Maxout'];
const UNCOUNTED_LAYERS = ['Dropout', 'LocalResponseNormalization', 'QuadTransform'];

/** @returns {import('../protocol.js').Facts} what the library's own tables and sources name */
function features() {
  const layers = Object.keys(library).filter((name) => name.endsWith('Layer')).map((name) => name.replace('Layer', ''));
  const counted = layers.filter((name) => ![...ACTIVATION_LAYERS, ...UNCOUNTED_LAYERS].includes(name));
  const named = (/** @type {Function} */ code, /** @type {RegExp} */ pattern) =>
    [...new Set([...code.toString().matchAll(pattern)].map((match) => match[1]))];
  const activations = named(library.Net.prototype.makeLayers, /\.activation\s*===?\s*["'](\w+)["']|["'](\w+)["']\s*===?\s*\w+\.activation/g);
  const byDefault = new library.Trainer(new library.Net(), {}).method;
  const optimizers = [byDefault, ...named(library.Trainer.prototype.train, /\.method\s*===?\s*["'](\w+)["']/g)];
  return {
    layer_types: counted.length, layer_names: counted.join(', '), layers_uncounted: layers.filter((name) => !counted.includes(name)).join(', '),
    activation_types: activations.length, activation_names: activations.join(', '),
    optimizer_types: optimizers.length, optimizer_names: optimizers.join(', '),
    networks: 'DNN, CNN',
  };
}

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  open() {
    library = /** @type {any} */ (globalThis).convnetjs;
    return { backend: 'cpu', dtype: 'float64', batch: '64 calls, one update on the last, by the mean gradient' };
  },

  build({ layers, parameters, learningRate, batchSize }) {
    const definitions = layers.map(({ units, activation }) =>
      activation === 'softmax' ? { type: 'softmax', num_classes: units } : { type: 'fc', num_neurons: units, activation });
    net = new library.Net();
    net.makeLayers([{ type: 'input', out_sx: 1, out_sy: 1, out_depth: layers[0]?.inputs }, ...definitions]);
    net.layers.filter((layer) => layer.layer_type === 'fc').forEach((dense, i) => setWeights(dense, /** @type {any} */ (parameters[i])));
    const options = { learning_rate: learningRate, batch_size: batchSize, momentum: 0, l2_decay: 0 }; // momentum is 0.9 by default
    trainer = new library.SGDTrainer(net, options);
  },

  predict: (input) => net.forward(volume(input)).w,

  prepareBatch(inputs, labels) {
    const features = inputs.length / labels.length;
    return Array.from(labels, (label, i) => ({ vol: volume(inputs.subarray(i * features, (i + 1) * features)), label }));
  },

  trainBatch(batch) {
    let loss = 0;
    for (const { vol, label } of batch) loss += trainer.train(vol, label).cost_loss;
    return loss / batch.length;
  },

  save: () => ({ 'model.json': new Blob([JSON.stringify(net.toJSON())]) }),

  async load(urls) {
    const saved = await (await fetch(urls['model.json'] ?? '')).text();
    net = new library.Net();
    net.fromJSON(JSON.parse(saved));
  },

  features,

  dispose() {},
};
