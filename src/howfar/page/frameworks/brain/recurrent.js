// brain.js's recurrent net: plain JS, float32 weights and float64 sums. What it computes, and how that is another network
// than the study's, is said in models/rules/brainjs_lstm.py. A batch is one pass of train() over 64 texts, an update each.

/** @typedef {import('../adapter.js').Network} Network */
/** @typedef {import('../adapter.js').Parameters} Parameters */
/** @typedef {{rows: number, columns: number, weights: ArrayLike<number>}} Matrix as the library saves one */
/**
 * @typedef {object} Lstm
 * @property {(text: string, maxPredictionLength?: number) => string} run
 * @property {(texts: string[], options: object) => {error: number}} train
 * @property {{equations: {states: {product: {weights: Float32Array}}[]}[]}} model an equation per character that was read
 * @property {number} [maxPredictionLength] an option of the net since 1.5
 * @property {{maxPredictionLength?: number}} [options] since 2
 */
/** @typedef {new (options: {hiddenSizes: number[], json: object}) => Lstm} Maker */

/** @type {Lstm} */
let net;
/** @type {object} */
let step;
/** Characters of the study's text, and how many it reads. */
let [classes, steps] = [0, 0];

const END_BIAS = -30; // as in the rule
// Any characters will do, as long as each is one code unit: the library takes texts apart by these.
const FIRST_CHARACTER = 0x100;
const character = (/** @type {number} */ number) => String.fromCharCode(FIRST_CHARACTER + number);

/** @param {Float32Array} input one-hot, character by character */
function textOf(input) {
  let text = '';
  for (let at = 0; at < input.length; at += classes) text += character(input.subarray(at, at + classes).indexOf(1));
  return text;
}

/**
 * @param {number} rows
 * @param {number} columns
 * @param {(row: number, column: number) => number | undefined} value
 * @returns {Matrix}
 */
function matrix(rows, columns, value) {
  return { rows, columns, weights: Float32Array.from({ length: rows * columns }, (_, i) => value(Math.floor(i / columns), i % columns) ?? NaN) };
}

/** Where the gates lie in the study's arrays, in the order in which the library has its own. */
const GATES = /** @type {const} */ ([['input', 0], ['forget', 1], ['output', 3], ['cellActivation', 2]]);

/** @param {Parameters} parameters of an LSTM */
function hiddenLayer({ weights, recurrent, biases }) {
  const units = biases.length / 4;
  const gates = GATES.map(([name, gate]) => {
    const of = (/** @type {Float32Array} */ values) => (/** @type {number} */ unit, /** @type {number} */ input) =>
      values[(4 * input + gate) * units + unit];
    return {
      [`${name}Matrix`]: matrix(units, weights.length / units / 4, of(weights)),
      [`${name}Hidden`]: matrix(units, units, of(recurrent)),
      [`${name}Bias`]: matrix(units, 1, of(biases)),
    };
  });
  return Object.assign({}, ...gates);
}

/** @returns {object} what the library saves of the object by which it takes texts apart */
function savedFormatter() {
  const characters = Array.from({ length: classes }, (_, i) => character(i));
  const indexTable = Object.fromEntries(characters.map((one, i) => [one, i]));
  return { indexTable, characterTable: { ...characters }, values: characters, characters, specialIndexes: [] };
}

/**
 * The net as the library saves one, and as every version takes it.
 * @param {readonly Parameters[]} parameters
 * @param {number[]} sizes of its layers
 * @param {number} learningRate 1.4 takes it here alone
 */
function saved(parameters, sizes, learningRate) {
  const { weights, biases } = /** @type {Parameters} */ (parameters.at(-1));
  const rows = classes + 1; // the start and the end come first
  const size = { inputSize: classes, inputRange: classes, outputSize: classes, hiddenLayers: sizes, hiddenSizes: sizes };
  return {
    options: { ...size, learningRate, maxPredictionLength: 0, dataFormatter: savedFormatter() },
    input: matrix(rows, classes, (row, column) => Number(row === column + 1)),
    hiddenLayers: parameters.slice(0, -1).map(hiddenLayer),
    outputConnector: matrix(rows, sizes.at(-1) ?? 0, (row, unit) => (row ? weights[unit * classes + row - 1] : 0)),
    output: matrix(rows, 1, (row) => (row ? biases[row - 1] : END_BIAS)),
  };
}

/** @param {Float32Array} sums of all classes */
function softmax(sums) {
  const largest = Math.max(...sums);
  const exponentials = Float64Array.from(sums, (sum) => Math.exp(sum - largest));
  const total = exponentials.reduce((sum, one) => sum + one, 0);
  return exponentials.map((one) => one / total);
}

export const recurrent = {
  /** @param {Network} network @returns {import('../../protocol.js').Facts} */
  build({ layers, parameters, learningRate, batchSize }) {
    const first = /** @type {import('../../layers.js').Lstm} */ (layers[0]);
    [classes, steps] = [first.inputs, first.steps];
    const hiddenSizes = parameters.slice(0, -1).map(({ biases }) => biases.length / 4);
    const rate = learningRate / batchSize; // the reason is beside the rule
    const { LSTM } = /** @type {{LSTM: Maker}} */ (/** @type {any} */ (globalThis).brain.recurrent);
    net = new LSTM({ hiddenSizes, json: saved(parameters, hiddenSizes, rate) });
    step = { iterations: 1, learningRate: rate, keepNetworkIntact: true }; // 1.4 would begin anew at every call
    return {
      network: 'recurrent.LSTM: it keeps no cell, its forget gate works on its last output; it reads a start first, and can guess an end',
      batch: 'one call, an update after each of its texts, by its own RMSProp at the learning rate over their number',
    };
  },

  /**
   * The last character that the library is given it never reads: in its place it goes on with its own guess. So it gets
   * one more, of which nothing depends, and is told to guess no further.
   * @param {Float32Array} input
   */
  predict(input) {
    const length = net.maxPredictionLength ?? net.options?.maxPredictionLength;
    net.run(textOf(input) + character(0), length === undefined ? steps + 1 : undefined);
    return softmax(net.model.equations[steps]?.states.at(-1)?.product.weights ?? Float32Array.of()).subarray(1);
  },

  /**
   * @param {Float32Array} inputs
   * @param {Uint8Array} labels
   */
  prepareBatch(inputs, labels) {
    const features = inputs.length / labels.length;
    return Array.from(labels, (label, i) => textOf(inputs.subarray(i * features, (i + 1) * features)) + character(label));
  },

  /** @param {string[]} batch */
  trainBatch: (batch) => net.train(batch, step).error,
};
