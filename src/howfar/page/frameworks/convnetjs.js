// ConvNetJS: plain JS, float64. A batch is 64 train() calls; the weights move on the 64th, by the batch's mean gradient.

import { shapeIn } from '../layers.js';

/** @typedef {{w: Float64Array}} Vol */
/** @typedef {{layer_type: string, filters: Vol[], biases: Vol}} WeightedLayer */
/**
 * @typedef {object} Net
 * @property {WeightedLayer[]} layers
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
 * @property {new (definition: object) => PoolLayer} PoolLayer
 * @property {(length: number) => Float64Array} zeros
 */
/** @typedef {{in_sx: number, in_sy: number, out_sx: number, out_sy: number, out_depth: number, stride: number, switchx: Float64Array, switchy: Float64Array}} PoolLayer */

/** @typedef {{vol: Vol, label: number}[]} Batch */

/** @type {ConvNetJS} */
let library;
/** @type {Net} */
let net;
/** @type {Trainer} */
let trainer;

/** Width, height and depth of the input. @type {[number, number, number]} */
let entry;

/** @param {ArrayLike<number>} input row by row, channels together, as it has them itself */
function volume(input) {
  const vol = new library.Vol(...entry, 0); // without the 0 it would draw random numbers
  vol.w.set(input);
  return vol;
}

/**
 * @param {readonly import('../layers.js').Layer[]} layers
 * @returns {[number, number, number]} width, height and depth; a row of numbers is deep
 */
function entryOf(layers) {
  const [height = 1, width = 1, depth = 1] = shapeIn(/** @type {import('../layers.js').Layer} */ (layers[0]));
  return layers[0]?.kind === 'dense' ? [1, 1, height] : [width, height, depth];
}

/** @param {import('../layers.js').Layer} layer */
function definitionOf(layer) {
  switch (layer.kind) {
    case 'dense': return layer.activation === 'softmax' ? { type: 'softmax', num_classes: layer.units } : { type: 'fc', num_neurons: layer.units, activation: layer.activation };
    case 'conv2d': return { type: 'conv', sx: layer.kernel, filters: layer.filters, stride: 1, pad: (layer.kernel - 1) / 2, activation: layer.activation };
    case 'max_pool2d': return { type: 'pool', sx: layer.size, stride: layer.size };
    default: throw new TypeError(`ConvNetJS has no layer of kind ${layer.kind}`);
  }
}

/**
 * Its pooling leaves out the last row and column of an image of odd size; told to go that far, it takes of the squares
 * there what is in the image.
 * @param {ConvNetJS['PoolLayer']} PoolLayer
 * @returns {ConvNetJS['PoolLayer']}
 */
function toTheEdge(PoolLayer) {
  return class extends PoolLayer {
    /** @param {{in_sx?: number}} [definition] none where it is about to be loaded */
    constructor(definition = {}) {
      super(definition);
      if (!definition.in_sx) return;
      this.out_sx = Math.ceil(this.in_sx / this.stride);
      this.out_sy = Math.ceil(this.in_sy / this.stride);
      this.switchx = library.zeros(this.out_sx * this.out_sy * this.out_depth);
      this.switchy = library.zeros(this.switchx.length);
    }
  };
}

/**
 * @param {WeightedLayer} layer dense or convolution: a filter per unit
 * @param {{weights: Float32Array, biases: Float32Array}} parameters weights (..., units)
 */
function setWeights(layer, { weights, biases }) {
  const units = biases.length;
  layer.filters.forEach((filter, j) => filter.w.forEach((_, k) => { filter.w[k] = /** @type {number} */ (weights[k * units + j]); }));
  layer.biases.w.set(biases);
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
    library.PoolLayer = toTheEdge(library.PoolLayer);
    return { backend: 'cpu', dtype: 'float64', batch: '64 calls, one update on the last, by the mean gradient' };
  },

  build({ layers, parameters, learningRate, batchSize }) {
    const own = layers.filter(({ kind }) => kind !== 'flatten'); // its dense layers take an image as it is
    entry = entryOf(layers);
    net = new library.Net();
    net.makeLayers([{ type: 'input', out_sx: entry[0], out_sy: entry[1], out_depth: entry[2] }, ...own.map(definitionOf)]);
    const weighted = parameters.filter(({ weights }) => weights.length);
    net.layers.filter(({ layer_type }) => ['fc', 'conv'].includes(layer_type)).forEach((layer, i) => setWeights(layer, /** @type {any} */ (weighted[i])));
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
    const [{ out_sx, out_sy, out_depth }] = /** @type {[any]} */ (/** @type {unknown} */ (net.layers));
    entry = [out_sx, out_sy, out_depth];
  },

  features,

  dispose() {},
};
