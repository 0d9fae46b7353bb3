// The neutral layers that every model is made of, and what a page must know of them. layers.py is its twin, and says it
// in full.

/** @typedef {'relu' | 'sigmoid' | 'tanh' | 'softmax'} Activation */
/** @typedef {{kind: 'dense', inputs: number, units: number, activation: Activation, bias: boolean}} Dense */
/** @typedef {{kind: 'conv2d', height: number, width: number, channels: number, kernel: number, filters: number, activation: Activation}} Conv2D */
/** @typedef {{kind: 'max_pool2d', height: number, width: number, channels: number, size: number}} MaxPool2D */
/** @typedef {{kind: 'flatten', height: number, width: number, channels: number}} Flatten */
/** @typedef {{kind: 'lstm', steps: number, inputs: number, units: number, sequences: boolean}} Lstm */
/** @typedef {Dense | Conv2D | MaxPool2D | Flatten | Lstm} Layer */

/**
 * @param {Layer} layer
 * @returns {number[]} what one sample of its input is
 */
export function shapeIn(layer) {
  if (layer.kind === 'dense') return [layer.inputs];
  if (layer.kind === 'lstm') return [layer.steps, layer.inputs];
  return [layer.height, layer.width, layer.channels];
}

/**
 * @param {Layer} layer
 * @returns {number[][]} its parameters in the order in which they are handed over: weights, recurrent weights, biases
 */
export function parameterShapes(layer) {
  if (layer.kind === 'dense') return layer.bias ? [[layer.inputs, layer.units], [layer.units]] : [[layer.inputs, layer.units]];
  if (layer.kind === 'conv2d') return [[layer.kernel, layer.kernel, layer.channels, layer.filters], [layer.filters]];
  if (layer.kind === 'lstm') return [[layer.inputs, 4 * layer.units], [layer.units, 4 * layer.units], [4 * layer.units]];
  return [];
}

/**
 * @param {Layer} layer
 * @param {{weights: Float32Array, recurrent: Float32Array, biases: Float32Array}} parameters
 * @returns {{values: Float32Array, shape: number[]}[]} the same order
 */
export function shapedParameters(layer, { weights, recurrent, biases }) {
  const arrays = layer.kind === 'lstm' ? [weights, recurrent, biases] : [weights, biases];
  return parameterShapes(layer).map((shape, i) => ({ values: /** @type {Float32Array} */ (arrays[i]), shape }));
}

/** @param {readonly number[]} shape */
export const count = (shape) => shape.reduce((product, length) => product * length, 1);

/**
 * For the libraries that know dense layers only; the registry asks nothing else of them.
 * @param {readonly Layer[]} layers
 * @returns {Dense[]}
 */
export function allDense(layers) {
  return layers.map((layer) => {
    if (layer.kind !== 'dense') throw new TypeError(`a layer of kind ${layer.kind}, where all must be dense`);
    return layer;
  });
}
