// synaptic: plain JS, float64, an object per neuron and per connection, each sample an update of its own.

import { allDense } from '../layers.js';

/** @typedef {{weight: number}} Connection */
/** @typedef {{bias: number, squash: Function}} Neuron */
/**
 * @typedef {object} Layer
 * @property {Neuron[]} list
 * @property {{list: Connection[]}[]} connectedTo
 * @property {(options: {squash: Function}) => void} set
 */
/**
 * @typedef {object} Net
 * @property {{input: Layer, hidden: Layer[], output: Layer}} layers
 * @property {(input: ArrayLike<number>) => number[]} activate
 * @property {(rate: number, target: number[]) => void} propagate
 * @property {(optimize: boolean) => void} setOptimize
 * @property {() => {neurons: object[], connections: object[]}} toJSON
 */
/**
 * @typedef {object} Synaptic
 * @property {{squash: Record<string, Function>, prototype: {connected: Function}}} Neuron
 * @property {{fromJSON(saved: object): Net}} Network
 * @property {Record<string, Function> & {Perceptron: new (...sizes: number[]) => Net}} Architect
 */

/** @typedef {{input: number[], target: number[]}[]} Batch */

// By default the library writes the whole network out as JavaScript source at its first use, several statements per
// weight, and has the browser compile that. (4,256), 398 thousand weights, and (8,128) run so. (8,256), 662 thousand,
// ends the tab within two minutes, also with V8's --max-old-space-size=8192: beyond this limit the network stays
// objects.
const MAX_GENERATED_WEIGHTS = 500_000;

/** @type {Record<string, string>} */
const SQUASH = { relu: 'RELU', sigmoid: 'LOGISTIC', tanh: 'TANH' };

// What its ready-made architectures are, in the paper's words; Liquid and Hopfield feed back into themselves.
/** @type {Record<string, string>} */
const NETWORK_KINDS = { Perceptron: 'DNN', LSTM: 'RNN', Liquid: 'RNN', Hopfield: 'RNN' };

/** @type {Synaptic} */
let library;
/** @type {Net | null} */
let net;
let rate = 0;
let classes = 0;

/**
 * `Architect.Perceptron` without the library's search for a connection that is there already: it looks through all of a
 * neuron's connections before it makes one, and in a new network finds nothing. Building is no part of what is
 * measured, and with the search (8,256) takes 40 to 100 s, without it 2 to 3 s; the networks are the same to the bit.
 * @param {number[]} sizes
 */
function perceptron(sizes) {
  const { prototype } = library.Neuron;
  const { connected } = prototype;
  prototype.connected = () => false;
  try {
    return new library.Architect.Perceptron(...sizes);
  } finally {
    prototype.connected = connected;
  }
}

/**
 * @param {Net} built
 * @param {number} weights
 * @returns {import('../protocol.js').Facts}
 */
function chooseCode(built, weights) {
  const generated = weights <= MAX_GENERATED_WEIGHTS;
  built.setOptimize(generated);
  return { generated_code: generated, generated_code_limit_weights: MAX_GENERATED_WEIGHTS };
}

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  open() {
    library = /** @type {any} */ (globalThis).synaptic;
    const batch = 'an online update after each of its samples, at the learning rate over their number';
    return { backend: 'cpu', dtype: 'float64', batch };
  },

  build({ layers: any, parameters, learningRate, batchSize }) {
    const layers = allDense(any);
    const built = perceptron([layers[0]?.inputs ?? 0, ...layers.map(({ units }) => units)]);
    const { input, hidden, output } = built.layers;
    const [above, below] = [[...hidden, output], [input, ...hidden]];
    layers.forEach(({ activation }, i) => {
      const { weights, biases } = /** @type {{weights: Float32Array, biases: Float32Array}} */ (parameters[i]);
      const squash = /** @type {Function} */ (library.Neuron.squash[SQUASH[activation] ?? '']);
      above[i]?.set({ squash });
      above[i]?.list.forEach((neuron, j) => { neuron.bias = /** @type {number} */ (biases[j]); });
      // A layer's connections were made input by input, and of each unit by unit: the order of `weights`.
      const connections = below[i]?.connectedTo[0]?.list ?? [];
      connections.forEach((connection, k) => { connection.weight = /** @type {number} */ (weights[k]); });
    });
    // At the whole rate, an update per sample makes deep networks NaN: models/rules/synaptic.py.
    [net, rate, classes] = [built, learningRate / batchSize, output.list.length];
    return chooseCode(built, parameters.reduce((sum, { weights }) => sum + weights.length, 0));
  },

  predict: (input) => /** @type {Net} */ (net).activate(input),

  prepareBatch(inputs, labels) {
    const features = inputs.length / labels.length;
    return Array.from(labels, (label, i) => ({
      input: Array.from(inputs.subarray(i * features, (i + 1) * features)),
      target: Array.from({ length: classes }, (_, j) => Number(j === label)),
    }));
  },

  trainBatch(batch) {
    const trained = /** @type {Net} */ (net);
    let loss = 0;
    for (const { input, target } of batch) {
      const output = trained.activate(input);
      trained.propagate(rate, target);
      target.forEach((wanted, j) => { loss += (wanted - /** @type {number} */ (output[j])) ** 2 / 2; });
    }
    return loss / batch.length;
  },

  save: () => ({ 'model.json': new Blob([JSON.stringify(net?.toJSON())]) }),

  async load(urls) {
    const saved = await (await fetch(urls['model.json'] ?? '')).json();
    net = library.Network.fromJSON(saved);
    return chooseCode(net, saved.connections.length);
  },

  features() {
    const layers = Object.keys(library).filter((name) => name.endsWith('Layer'));
    const activations = Object.keys(library.Neuron.squash);
    const architectures = Object.keys(library.Architect);
    return {
      layer_types: layers.length, layer_names: layers.join(', '),
      activation_types: activations.length, activation_names: activations.join(', '),
      networks: [...new Set(architectures.map((name) => NETWORK_KINDS[name] ?? name))].join(', '),
      network_names: architectures.join(', '),
    };
  },

  dispose() {
    net = null;
  },
};
