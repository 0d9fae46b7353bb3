// The messages between a page and the server. The same fixtures hold this file, records.py, handed.py and outcomes.py to the same answers.

/** @typedef {string | number | boolean | null} Fact */
/** @typedef {Record<string, Fact>} Facts */
/** @typedef {'ok' | 'unsupported' | 'fell_back' | 'page_error' | 'out_of_memory' | 'gl_context_lost' | 'gpu_device_lost'} Status */
/** @typedef {'peak' | 'gemm' | 'read_cached' | 'read' | 'copy' | 'triad'} Ceiling */
/** @typedef {'latency' | 'throughput' | 'load' | 'load_from_memory' | Ceiling} SteadyMetric */
/** @typedef {'library_load' | 'backend_init' | 'bare_load' | 'model_load' | 'first' | 'check' | 'rest' | 'warmup' | SteadyMetric | 'dispose'} PhaseName */
/** @typedef {{kind: 'mlp' | 'cnn' | 'rnn' | 'graph' | 'gemm' | 'spin' | 'loop', depth: number, width: number, name: string, digest: string}} Model */
/** @typedef {{framework: string, version: string, backend: string, browser: string, threads: number | null, switch: string}} Target */
/** @typedef {{target: Target, model: Model, workload: 'training' | 'inference' | 'batch_inference' | 'loading' | 'features' | 'ceilings', observe: '' | 'processes' | 'stacks' | 'experience'}} Cell */

/**
 * @typedef {object} Sampling
 * @property {number} min_samples
 * @property {number} min_seconds
 * @property {number} max_seconds
 * @property {number} target_half_width
 * @property {number} warmup_min_seconds
 * @property {number} warmup_max_seconds
 * @property {number} min_ticks
 * @property {number} slow_samples
 * @property {number} slow_seconds
 */

/**
 * @typedef {object} Task
 * @property {string} id
 * @property {Cell} cell
 * @property {number} round
 * @property {number} batch_size
 * @property {number} seed
 * @property {string} data
 * @property {SteadyMetric[]} metrics
 * @property {Sampling} sampling
 * @property {string} protocol
 * @property {number} scale
 * @property {number} control
 */

/** @typedef {import('./layers.js').Layer} Layer */
/** @typedef {{samples: number, features: number, classes: number}} DataShape */
/** @typedef {{name: string, shape: number[], dtype: 'float32' | 'int32' | 'int64' | 'bool' | 'uint8'}} TensorSpec */

/**
 * @typedef {object} Assignment
 * @property {Task} task
 * @property {string} adapter_url
 * @property {string[]} script_urls
 * @property {Record<string, string>} module_urls ES modules that the adapter gets, by name
 * @property {Record<string, string>} imports what these modules' own imports of packages lead to
 * @property {Record<string, string>} asset_urls
 * @property {Layer[]} layers
 * @property {string} weights_url
 * @property {Record<string, string>} model_urls
 * @property {TensorSpec[]} inputs what one's own model takes
 * @property {number} output_stride of all outputs in a row, every so-manieth number is reported
 * @property {string} data_url
 * @property {DataShape} data
 * @property {number} check_count
 * @property {number} learning_rate
 * @property {number} schema
 */

/**
 * @typedef {object} Series
 * @property {SteadyMetric | 'enqueue'} metric
 * @property {'warmup' | 'timed'} stage
 * @property {number} repeats
 * @property {number[]} sample_ms
 * @property {'interval' | 'steady' | 'cap' | 'slow' | 'once'} ended_by
 */

/**
 * What a page holds that is watched; `unavailable`: why something of it is not told.
 * @typedef {object} PageMemory
 * @property {number[]} heap_at_ms since its steady phase began
 * @property {number[]} heap_bytes
 * @property {[number, number] | null} wasm_bytes before the steady phases, and after them; so the next
 * @property {[number, number] | null} agent_bytes
 * @property {Record<string, string>} unavailable
 */

/**
 * @typedef {object} Stretch what a person would have felt over a stretch of time; null: the browser does not tell
 * @property {number} seconds
 * @property {number} operations
 * @property {number[]} frame_ms when each frame was drawn, from the stretch's begin
 * @property {number[]} input_delay_ms of each press, until the page took notice
 * @property {number[] | null} long_task_ms
 * @property {number[] | null} paint_delay_ms from a press to the next frame, of those that took 16 ms or more
 */
/** @typedef {{rest: Stretch, busy: Stretch, inputs_unavailable: string}} Experience why nobody could press anything is told by whoever presses */

/**
 * @typedef {object} Report
 * @property {string} task_id
 * @property {Status} status
 * @property {string} message
 * @property {string} detail
 * @property {Facts} facts
 * @property {{name: PhaseName, ms: number}[]} phases
 * @property {Series[]} series
 * @property {(number | null)[]} outputs null stands for a number that is not finite
 * @property {(number | null)[]} losses
 * @property {[number, number] | null} live_tensors
 * @property {[number, number] | null} heap_bytes
 * @property {PageMemory} [memory] of a page whose processes are watched
 * @property {Experience} [experience] of a page that was watched for it
 * @property {number} schema
 */

export const SCHEMA = 3;

/** A failure that howfar has a name for; any other error is a `page_error`. */
export class Failure extends Error {
  /**
   * @param {Status} status
   * @param {string} message one line: what, and the reason
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const OUT_OF_MEMORY = /out of memory|allocation failed|OUT_OF_MEMORY|could not allocate memory|failed to allocate|bad_alloc/i;

/**
 * @param {unknown} error
 * @returns {{status: Status, message: string, detail: string}}
 */
export function describe(error) {
  if (!(error instanceof Error)) return { status: 'page_error', message: String(error).slice(0, 2000), detail: '' };
  const status = error instanceof Failure ? error.status : OUT_OF_MEMORY.test(error.message) ? 'out_of_memory' : 'page_error';
  return { status, message: `${error.name}: ${error.message}`.replace(/^Error: /, '').slice(0, 2000), detail: (error.stack ?? '').slice(0, 8000) };
}


/** @typedef {(value: any, path: string) => void} Checker throws a TypeError naming the key path */

/**
 * @param {boolean} right
 * @param {string} path
 * @param {string} wanted
 */
function demand(right, path, wanted) {
  if (!right) throw new TypeError(`${path}: expected ${wanted}`);
}

/** @type {Checker} */
const text = (value, path) => demand(typeof value === 'string', path, 'a string');
/** @type {Checker} */
const number = (value, path) => demand(Number.isFinite(value), path, 'a number');
/** @type {Checker} */
const positive = (value, path) => demand(Number.isFinite(value) && value > 0, path, 'a number above 0');
/** @type {Checker} */
const duration = (value, path) => demand(Number.isFinite(value) && value >= 0, path, 'a number of at least 0');
/** @type {Checker} */
const count = (value, path) => demand(Number.isInteger(value) && value >= 0, path, 'an integer of at least 0');
/** @type {Checker} */
const natural = (value, path) => demand(Number.isInteger(value) && value >= 1, path, 'an integer of at least 1');
/** @type {Checker} */
const truth = (value, path) => demand(typeof value === 'boolean', path, 'true or false');
/** @type {Checker} */
const fact = (value, path) => demand(value === null || ['string', 'number', 'boolean'].includes(typeof value), path, 'a plain value');
/** @type {(...allowed: unknown[]) => Checker} */
const oneOf = (...allowed) => (value, path) => demand(allowed.includes(value), path, `one of ${allowed.join(', ')}`);
/** @type {(checker: Checker) => Checker} */
const orNull = (checker) => (value, path) => value === null || checker(value, path);
/** @type {(checker: Checker) => Checker} */
const listOf = (checker) => (value, path) => {
  demand(Array.isArray(value), path, 'a list');
  value.forEach((/** @type {unknown} */ item, /** @type {number} */ i) => checker(item, `${path}[${i}]`));
};
/** @type {(checker: Checker) => Checker} */
const mapOf = (checker) => (value, path) => {
  demand(typeof value === 'object' && value !== null && !Array.isArray(value), path, 'an object');
  for (const [key, item] of Object.entries(value)) checker(item, `${path}.${key}`);
};
/** @type {(fields: Record<string, Checker>, optional?: Record<string, Checker>) => Checker} */
const record = (fields, optional = {}) => (value, path) => {
  mapOf(() => {})(value, path);
  for (const key of Object.keys(value)) demand(Object.hasOwn({ ...fields, ...optional }, key), `${path}.${key}`, 'no such field');
  for (const [key, checker] of Object.entries(optional)) if (Object.hasOwn(value, key)) checker(value[key], `${path}.${key}`);
  for (const [key, checker] of Object.entries(fields)) {
    demand(Object.hasOwn(value, key), `${path}.${key}`, 'this field');
    checker(value[key], `${path}.${key}`);
  }
};

/** @type {(fields: Record<string, Record<string, Checker>>) => Checker} one of several records, told apart by their `kind` */
const kinds = (fields) => (value, path) => {
  mapOf(() => {})(value, path);
  oneOf(...Object.keys(fields))(value.kind, `${path}.kind`);
  record({ kind: text, ...fields[value.kind] })(value, path);
};

const STEADY = ['latency', 'throughput', 'load', 'load_from_memory', 'peak', 'gemm', 'read_cached', 'read', 'copy', 'triad'];
const steady = oneOf(...STEADY);

const sampling = record({
  min_samples: natural, min_seconds: positive, max_seconds: positive, target_half_width: positive,
  warmup_min_seconds: positive, warmup_max_seconds: positive, min_ticks: natural, slow_samples: natural, slow_seconds: positive,
});
const target = record({ framework: text, version: text, backend: text, browser: text, threads: orNull(count), switch: text });
const model = record({ kind: oneOf('mlp', 'cnn', 'rnn', 'graph', 'gemm', 'spin', 'loop'), depth: natural, width: natural, name: text, digest: text });
const cell = record({ target, model, workload: oneOf('training', 'inference', 'batch_inference', 'loading', 'features', 'ceilings'), observe: oneOf('', 'processes', 'stacks', 'experience') });
const task = record({
  id: text, cell, round: count, batch_size: natural, seed: count, data: text,
  metrics: listOf(steady), sampling, protocol: text, scale: natural, control: count,
});

const image = { height: natural, width: natural, channels: natural };
const activation = oneOf('relu', 'sigmoid', 'tanh', 'softmax');
const layer = kinds({
  dense: { inputs: natural, units: natural, activation, bias: truth },
  conv2d: { ...image, kernel: natural, filters: natural, activation },
  max_pool2d: { ...image, size: natural },
  flatten: image,
  lstm: { steps: natural, inputs: natural, units: natural, sequences: truth },
});

const tensor = record({ name: text, shape: listOf(natural), dtype: oneOf('float32', 'int32', 'int64', 'bool', 'uint8') });

const assignment = record({
  task, adapter_url: text, script_urls: listOf(text), module_urls: mapOf(text), imports: mapOf(text), asset_urls: mapOf(text),
  layers: listOf(layer), weights_url: text,
  model_urls: mapOf(text), inputs: listOf(tensor), output_stride: natural,
  data_url: text, data: record({ samples: natural, features: natural, classes: natural }),
  check_count: natural, learning_rate: positive, schema: oneOf(SCHEMA),
});

const PHASES = ['library_load', 'backend_init', 'bare_load', 'model_load', 'first', 'check', 'rest', 'warmup', ...STEADY, 'dispose'];
const STATUSES = ['ok', 'unsupported', 'fell_back', 'page_error', 'out_of_memory', 'gl_context_lost', 'gpu_device_lost'];
const pair = orNull((value, path) => {
  listOf(count)(value, path);
  demand(value.length === 2, path, 'two counts');
});

const memory = record({
  heap_at_ms: listOf(duration), heap_bytes: listOf(count), wasm_bytes: pair, agent_bytes: pair, unavailable: mapOf(text),
});

const stretch = record({
  seconds: positive, operations: count, frame_ms: listOf(duration), input_delay_ms: listOf(duration),
  long_task_ms: orNull(listOf(duration)), paint_delay_ms: orNull(listOf(duration)),
});

const report = record({
  task_id: text, status: oneOf(...STATUSES), message: text, detail: text, facts: mapOf(fact),
  phases: listOf(record({ name: oneOf(...PHASES), ms: duration })),
  series: listOf(record({
    metric: oneOf(...STEADY, 'enqueue'), stage: oneOf('warmup', 'timed'), repeats: natural,
    sample_ms: listOf(duration), ended_by: oneOf('interval', 'steady', 'cap', 'slow', 'once'),
  })),
  outputs: listOf(orNull(number)), losses: listOf(orNull(number)), live_tensors: pair, heap_bytes: pair, schema: oneOf(SCHEMA),
}, { memory, experience: record({ rest: stretch, busy: stretch, inputs_unavailable: text }) });

/**
 * @param {unknown} value what the server sent
 * @returns {Assignment}
 * @throws {TypeError} naming the key path that is wrong
 */
export function readAssignment(value) {
  assignment(value, 'assignment');
  return /** @type {Assignment} */ (value);
}

/**
 * @param {unknown} value what is about to be sent
 * @returns {Report}
 * @throws {TypeError} naming the key path that is wrong
 */
export function readReport(value) {
  report(value, 'report');
  return /** @type {Report} */ (value);
}

/**
 * @param {ArrayLike<number>} numbers
 * @returns {(number | null)[]} JSON has no NaN and no infinity: null stands for them
 */
export function finite(numbers) {
  return Array.from(numbers, (number) => (Number.isFinite(number) ? number : null));
}
