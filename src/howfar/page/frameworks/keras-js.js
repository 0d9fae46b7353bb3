// Keras.js: inference only, float32, in plain JS or by shaders of its own on WebGL 2. Its last layer reads its numbers
// back (readPixels) before predict resolves; it has no way to leave them on the GPU, so there is nothing to enqueue.

import { probeBackend } from '../backends.js';
import { Failure } from '../protocol.js';

/** @typedef {{name: string, output: {glTexture?: WebGLTexture}}} KerasLayer */
/**
 * @typedef {object} KerasModel
 * @property {{once(event: string, listener: () => void): void}} events
 * @property {() => Promise<true>} ready
 * @property {() => boolean} checkGPUSupport
 * @property {Map<string, KerasLayer>} modelLayersMap
 * @property {(inputs: {input: Float32Array}) => Promise<{output: Float32Array}>} predict
 * @property {() => void} cleanup
 */
/**
 * @typedef {object} KerasJS
 * @property {new (options: {filepath: string, gpu: boolean}) => KerasModel} Model
 * @property {boolean} GPU_SUPPORT
 * @property {Record<string, unknown>} layers
 * @property {Record<string, unknown>} activations
 */

/** @type {KerasJS} */
let library;
/** @type {KerasModel | undefined} */
let model;
let gpu = false;

/**
 * A model asked for the GPU is made for the CPU without a word where there is no WebGL 2, and so is every layer that
 * comes after a shader that did not compile. What a layer left of the dry run tells: on the GPU, a texture.
 * @param {KerasModel} loaded
 */
function demandGpu(loaded) {
  const elsewhere = [...loaded.modelLayersMap.values()].filter(({ output }) => !output.glTexture).map(({ name }) => name);
  if (elsewhere.length) throw new Failure('fell_back', `asked for webgl, but computed on the CPU: ${elsewhere.join(', ')}`);
  if (!loaded.checkGPUSupport()) throw new Failure('fell_back', 'a shader of Keras.js did not compile: it gave the GPU up');
}

// Each kind of network, by a layer that makes it one.
const NETWORKS = { DNN: 'Dense', CNN: 'Conv2D', RNN: 'SimpleRNN' };

/** @satisfies {import('./adapter.js').Adapter<never>} */
export const adapter = {
  async open(backend) {
    const found = await probeBackend(backend);
    library = /** @type {any} */ (globalThis).KerasJS;
    gpu = backend === 'webgl' && library.GPU_SUPPORT;
    return { ...found, backend: gpu ? 'webgl' : 'cpu', dtype: 'float32' };
  },

  // What is shown as `model_load` is what `ready()` waits for: it ends with a dry run, a prediction of zeros.
  async load(urls, bareLoaded) {
    model?.cleanup(); // before the next is made: it deletes the textures of every model
    model = new library.Model({ filepath: urls['model.bin'] ?? '', gpu });
    model.events.once('initProgress', () => bareLoaded?.()); // its first comes right before the dry run
    await model.ready();
    if (gpu) demandGpu(model);
    return { load_includes: 'a dry run', first_is_warm: true };
  },

  async predict(input) {
    return (await /** @type {KerasModel} */ (model).predict({ input })).output;
  },

  features() {
    const [layers, activations] = [Object.keys(library.layers), Object.keys(library.activations)];
    return {
      layer_types: layers.length, layer_names: layers.join(', '),
      activation_types: activations.length, activation_names: activations.join(', '),
      networks: Object.entries(NETWORKS).filter(([, layer]) => layers.includes(layer)).map(([network]) => network).join(', '),
    };
  },

  dispose() {
    model?.cleanup();
  },
};
