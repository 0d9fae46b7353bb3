// What a framework must answer to be measured. An adapter never sees the clock, the queue or the server.
// What a framework lacks, its adapter leaves out, and the registry (frameworks.toml) says so to the plan.

/** @typedef {import('../protocol.js').Facts} Facts */
/** @typedef {import('../layers.js').Layer} Layer */
/** @typedef {import('../protocol.js').Model} Model */
/** @typedef {import('../protocol.js').TensorSpec} TensorSpec */
/** @typedef {import('../tensors.js').Tensor} Tensor */

/** @typedef {{weights: Float32Array, recurrent: Float32Array, biases: Float32Array}} Parameters */

/**
 * @typedef {object} Network
 * @property {Model} model
 * @property {readonly Layer[]} layers
 * @property {readonly Parameters[]} parameters per layer, in the shapes that layers.py says, row-major; what a layer lacks is empty,
 *   but a dense layer without biases has zeros
 * @property {number} learningRate
 * @property {number} batchSize
 */

/** @typedef {ArrayLike<number>} Numbers on the CPU */

/**
 * @typedef {object} Ceilings
 * @property {Partial<Record<import('../protocol.js').Ceiling, import('../measure.js').Operation>>} operations where the work is left
 *   on a device, `sync` waits for it
 * @property {Facts} work of one operation: `peak_flop`, `gemm_flop`; and the bytes that the others read and write together,
 *   `read_bytes`, ...
 * @property {boolean} drained whether `sync` must be waited for
 * @property {() => number | Promise<number>} error of the product that the operation `gemm` left: the largest difference
 */

/** @typedef {{threads: number | null, switch: string}} Options `threads`: 0 = all cores, null = the framework's own choice;
 * `switch`: the one thing that is to be otherwise than by default, as the registry names it, or nothing */

/**
 * How the pages of the 2018 study called the framework, where that differs from the calls of its adapter. A promise is
 * awaited, whatever else is returned is left alone: neither read back nor disposed.
 * @template Batch
 * @typedef {object} Published
 * @property {(input: Float32Array) => unknown} [predict]
 * @property {(batch: Batch) => number | Promise<number>} [trainBatch] the loss, as of `trainBatch`
 */

/**
 * @template Batch
 * @typedef {object} Adapter
 * @property {(urls: readonly string[]) => Promise<void>} [loadLibrary] where the library's scripts are not to be loaded by the page
 * @property {(backend: string, assets: Record<string, string>, options: Options, modules: Record<string, any>) => Facts | Promise<Facts>} open
 *   makes the back end ready; the facts name the `backend` that really answers. `modules`: the library's, where it comes as such
 * @property {(network: Network) => Facts | void | Promise<Facts | void>} [build] a model with these weights, ready to predict and,
 *   where the framework trains, to train; left out by a framework that can't be given weights
 * @property {(input: Float32Array) => Numbers | Promise<Numbers>} [predict] one sample (features) -> the network's outputs; left out
 *   by a framework that holds none of the study's networks
 * @property {(input: Float32Array) => void} [enqueuePredict] the same, left on the device and disposed
 * @property {(inputs: Float32Array, count: number) => Numbers | Promise<Numbers>} [predictBatch] so many samples in one call
 * @property {(inputs: Float32Array, labels: Uint8Array) => Batch} [prepareBatch] the batch in the framework's own form
 * @property {(batch: Batch) => number | Promise<number>} [trainBatch] one step of its training rule on a batch -> the loss, as
 *   models/rules defines it for this framework
 * @property {(batch: Batch) => void} [enqueueTrainBatch] the same step, its loss not read
 * @property {Published<Batch>} [published]
 * @property {() => Promise<void>} [sync] resolves when all that was enqueued is done
 * @property {(urls: Record<string, string>, bareLoaded?: () => void) => Facts | void | Promise<Facts | void>} [load] the model from
 *   its saved files, by the framework's own loader; ready to predict; takes the place of the model before it. `urls`: of each
 *   file by its name, on this origin (all in one folder) or `blob:`. A loader that then runs the model once by itself calls
 *   `bareLoaded` right before that, and says in its facts what `load_includes` and that `first_is_warm`
 * @property {(urls: Record<string, string>, inputs: TensorSpec[]) => Facts | void | Promise<Facts | void>} [loadGraph] one's own model
 *   from the files of a form that the registry says it takes, by the framework's own loader; ready to `run`. Where it knows,
 *   it says `execution_providers`, and `nodes_fell_back`: how many nodes another than the one asked for computes
 * @property {(tensors: readonly Tensor[]) => Promise<ArrayLike<number | bigint>[]>} [run] one's own model on its inputs, in the order
 *   of `loadGraph` -> its outputs on the CPU, in the model's order
 * @property {() => Record<string, Blob> | Promise<Record<string, Blob>>} [save] the files that `load` takes, as the framework saves them
 * @property {() => Facts | Promise<Facts>} [features] what the library offers, counted in the library itself: `layer_types`,
 *   `activation_types`, `optimizer_types` and the names counted (`layer_names`, ...), what it has no notion of left out
 * @property {(message: string) => string | undefined} [lacks] what an error that was thrown says that the framework lacks, if that is
 *   what it says: the task is then `unsupported`
 * @property {() => Promise<Ceilings>} [ceilings] what the workload `ceilings` times; only howfar's own has it
 * @property {() => number} [liveTensors] how many tensors the framework holds
 * @property {() => void | Promise<void>} dispose
 * @property {() => Facts | Promise<Facts>} [afterwards] what can only be found out in a way that would have disturbed what is timed;
 *   asked last, after `dispose`
 */

/** @template Batch @typedef {Adapter<Batch> & Required<Pick<Adapter<Batch>, 'predict'>>} PredictingAdapter */
/** @template Batch @typedef {PredictingAdapter<Batch> & Required<Pick<Adapter<Batch>, 'prepareBatch' | 'trainBatch'>>} TrainingAdapter */
/** @template Batch @typedef {PredictingAdapter<Batch> & Required<Pick<Adapter<Batch>, 'load'>>} LoadingAdapter */

export {};
