// One's own model in TensorFlow.js: a graph model, or a layers model.

import { Failure } from '../../protocol.js';
import { namesOf, typedValues } from '../../tensors.js';

/** @typedef {import('../../tensors.js').Tensor} Tensor */
/** @typedef {{data(): Promise<ArrayLike<number>>, dispose(): void}} TfTensor */
/** @typedef {TfTensor | TfTensor[]} Outputs one alone comes without a list */
/**
 * @typedef {object} GraphModel
 * @property {string[]} inputNodes
 * @property {string[]} outputNodes in the model's order
 * @property {(feeds: Record<string, TfTensor>, outputs: string[]) => Outputs} execute
 * @property {(feeds: Record<string, TfTensor>, outputs: string[]) => Promise<Outputs>} executeAsync
 * @property {() => void} dispose
 */
/** @typedef {{inputs: {name: string}[], predict(inputs: TfTensor[]): Outputs, dispose(): void}} LayersModel its `inputNames` are none where it is sequential */
/** @typedef {{load(): Promise<{format?: string}>}} Source */
/**
 * @typedef {object} TensorFlowJs
 * @property {(source: Source) => Promise<GraphModel>} [loadGraphModel] since 1.0
 * @property {(source: Source) => Promise<LayersModel>} [loadLayersModel] since 1.0
 * @property {{http(url: string): Source}} io
 * @property {(values: import('../../tensors.js').Values, shape: number[], dtype: string) => TfTensor} tensor
 */
/** @typedef {{run(tensors: readonly Tensor[]): Promise<ArrayLike<number>[]>, dispose(): void}} Runnable */

// The types that it has.
const DTYPES = { float32: 'float32', int32: 'int32', int64: 'int32', bool: 'bool', uint8: 'int32' };

/**
 * @param {TensorFlowJs} tf
 * @param {Tensor} tensor
 */
function tensorOf(tf, tensor) {
  const { dtype, shape, values } = tensor;
  return tf.tensor(dtype === 'bool' ? typedValues(tensor) : values, shape, DTYPES[dtype]);
}

/**
 * @param {GraphModel} model
 * @returns {(feeds: Record<string, TfTensor>) => Outputs | Promise<Outputs>} what has loops or conditions can only be run
 *   by the call that returns a promise, and says so when it is run
 */
function executor(model) {
  let dynamic = false;
  return (feeds) => {
    try {
      if (!dynamic) return model.execute(feeds, model.outputNodes);
    } catch (error) {
      if (!/executeAsync/.test(String(error))) throw error;
      dynamic = true;
    }
    return model.executeAsync(feeds, model.outputNodes);
  };
}

/**
 * @param {Outputs} outputs
 * @returns {Promise<ArrayLike<number>[]>}
 */
async function read(outputs) {
  const list = Array.isArray(outputs) ? outputs : [outputs];
  const numbers = await Promise.all(list.map((output) => output.data()));
  list.forEach((output) => output.dispose());
  return numbers;
}

/**
 * By the library's own loader of either format; the file itself says which it is.
 * @param {TensorFlowJs} tf
 * @param {Record<string, string>} urls
 * @param {readonly import('../../protocol.js').TensorSpec[]} inputs
 * @returns {Promise<Runnable>}
 */
export async function loadGraph(tf, urls, inputs) {
  const { loadGraphModel, loadLayersModel } = tf;
  if (!loadGraphModel || !loadLayersModel) throw new Failure('unsupported', 'TensorFlow.js before 1.0 reads no such model');
  const artifacts = await tf.io.http(urls['model.json'] ?? '').load();
  const source = { load: async () => artifacts };
  const model = artifacts.format === 'layers-model' ? layers(await loadLayersModel(source)) : graph(await loadGraphModel(source));
  const names = namesOf(inputs, model.names);
  return {
    async run(tensors) {
      const feeds = Object.fromEntries(tensors.map((tensor, i) => [names[i], tensorOf(tf, tensor)]));
      const numbers = await read(await model.run(feeds));
      Object.values(feeds).forEach((feed) => feed.dispose());
      return numbers;
    },
    dispose: model.dispose,
  };
}

/** @param {GraphModel} model */
const graph = (model) => ({ names: model.inputNodes, run: executor(model), dispose: () => model.dispose() });

/** @param {LayersModel} model */
function layers(model) {
  const names = model.inputs.map(({ name }) => name);
  return {
    names,
    run: (/** @type {Record<string, TfTensor>} */ feeds) => model.predict(names.map((name) => /** @type {TfTensor} */ (feeds[name]))),
    dispose: () => model.dispose(),
  };
}
