// What TensorFlow.js offers, counted in the library itself.

// An activation can be a layer too; these are counted among the activations.
const ACTIVATION_LAYERS = ['ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax'];

/**
 * @param {Pick<import('../tfjs.js').TensorFlowJs, 'serialization' | 'layers' | 'train'>} tf
 * @returns {import('../../protocol.js').Facts} what the library has registered under a name
 */
export function features(tf) {
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
