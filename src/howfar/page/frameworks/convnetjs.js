// ConvNetJS: plain JS, float64. A batch is 64 train() calls; the weights move on the 64th, by the batch's mean gradient.

/** @typedef {{w: Float64Array}} Vol */
/** @typedef {{layer_type: string, filters: Vol[], biases: Vol}} DenseLayer */
/** @typedef {{layers: DenseLayer[], makeLayers(definitions: object[]): void, forward(input: Vol): Vol}} Net */
/** @typedef {{train(input: Vol, label: number): {cost_loss: number}}} Trainer */
/**
 * @typedef {object} ConvNetJS
 * @property {new () => Net} Net
 * @property {new (sx: number, sy: number, depth: number, fill: number) => Vol} Vol
 * @property {new (net: Net, options: object) => Trainer} SGDTrainer
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

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  open() {
    library = /** @type {any} */ (globalThis).convnetjs;
    return { backend: 'cpu', dtype: 'float64' };
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

  dispose() {},
};
