// What a framework must answer to be measured. An adapter never sees the clock, the queue or the server.
// What a framework lacks, its adapter leaves out, and the registry (frameworks.toml) says so to the plan.

/** @typedef {import('../protocol.js').Facts} Facts */
/** @typedef {import('../protocol.js').Layer} Layer */
/** @typedef {import('../protocol.js').Model} Model */

/**
 * @typedef {object} Network
 * @property {Model} model
 * @property {readonly Layer[]} layers
 * @property {readonly {weights: Float32Array, biases: Float32Array}[]} parameters per layer; weights (inputs, units) row-major
 * @property {number} learningRate
 * @property {number} batchSize
 */

/** @typedef {ArrayLike<number>} Numbers on the CPU */

/**
 * @template Batch
 * @typedef {object} Adapter
 * @property {(backend: string, assets: Record<string, string>, threads: number | null) => Facts | Promise<Facts>} open
 *   makes the back end ready; the facts name the `backend` that really answers
 * @property {(network: Network) => void | Promise<void>} build a model with these weights, ready to predict and to train
 * @property {(input: Float32Array) => Numbers | Promise<Numbers>} predict one sample (features) -> class probabilities
 * @property {(input: Float32Array) => void} [enqueuePredict] the same, left on the device and disposed
 * @property {(inputs: Float32Array, labels: Uint8Array) => Batch} prepareBatch the batch in the framework's own form
 * @property {(batch: Batch) => number | Promise<number>} trainBatch one SGD step -> the mean loss before it
 * @property {(batch: Batch) => void} [enqueueTrainBatch] the same step, its loss not read
 * @property {() => Promise<void>} [sync] resolves when all that was enqueued is done
 * @property {() => number} [liveTensors] how many tensors the framework holds
 * @property {() => void | Promise<void>} dispose
 */

export {};
