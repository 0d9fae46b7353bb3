// @ts-expect-error here it lies beside this package's folder; the test puts it where npm would
const matrix = require('node-matrix');
const { sigmoid, tanh } = require('./activations');

/** @typedef {import('./activations').Activation} Activation */
/** @typedef {number[][]} Rows */

/** @type {(a: Rows, b: Rows) => Rows} */
const multiply = (a, b) => a.map((row) =>
  (b[0] ?? []).map((_, j) => row.reduce((sum, value, k) => sum + value * (b[k]?.[j] ?? NaN), 0)));
/** @type {(a: Rows) => Rows} */
const transpose = (a) => (a[0] ?? []).map((_, j) => a.map((row) => row[j] ?? NaN));
/** @type {(a: Rows, b: Rows, f: (x: number, y: number) => number) => Rows} */
const each = (a, b, f) => a.map((row, i) => row.map((value, j) => f(value, b[i]?.[j] ?? NaN)));

class Mind {
  /** @param {{activator?: string, learningRate?: number, hiddenLayers?: number}} options */
  constructor(options) {
    this.activation = options.activator === 'sigmoid' ? sigmoid : tanh;
    this.activate = this.activation.value;
    this.learningRate = options.learningRate || 0.7;
    this.hiddenLayers = options.hiddenLayers || 1;
    /** @type {Rows[]} */
    this.weights = [];
    /** @type {(iteration: number, errors: object) => void} */
    this.listener = () => {};
  }

  /** @param {object[]} weights */
  upload(weights) {
    this.weights = weights.map(matrix.rows);
    return this;
  }

  download() {
    return this.weights.map(matrix);
  }

  /**
   * @param {'data'} _
   * @param {(iteration: number, errors: object) => void} listener
   */
  on(_, listener) {
    this.listener = listener;
  }

  /** @param {Rows} input */
  forward(input) {
    const results = [input];
    for (let i = 0; i <= this.hiddenLayers; i++) results.push(this.sum(results[i] ?? [], this.weights[i] ?? []));
    return results;
  }

  /** @type {(input: Rows, weights: Rows) => Rows} */
  sum(input, weights) {
    return multiply(input, weights).map((row) => row.map(this.activate));
  }

  /** @param {{input: number[], output: number[]}[]} batch */
  learn(batch) {
    const results = this.forward(batch.map(({ input }) => input));
    const errors = each(batch.map(({ output }) => output), results.at(-1) ?? [], (target, output) => target - output);
    let error = errors;
    for (let i = this.hiddenLayers; i >= 0; i--) {
      const delta = each(error, results[i + 1] ?? [], (value, output) => value * this.activation.slope(output));
      const faulty = i > 0 && i < this.hiddenLayers;
      const changes = multiply(transpose(results[faulty ? i + 1 : i] ?? []), delta);
      const weights = each(this.weights[i] ?? [], changes, (weight, change) => weight + this.learningRate * change);
      this.weights[i] = weights;
      error = multiply(delta, transpose(weights));
    }
    this.listener(0, matrix(errors));
    return this;
  }

  /** @param {ArrayLike<number>} input */
  predict(input) {
    return this.forward([Array.from(input)]).at(-1)?.[0];
  }
}

module.exports = Mind;
