/** @typedef {{value: (z: number) => number, slope: (y: number) => number}} Activation */

/** @type {Activation} */
const sigmoid = { value: (z) => 1 / (1 + Math.exp(-z)), slope: (y) => y * (1 - y) };
/** @type {Activation} */
const tanh = { value: (z) => Math.tanh(z), slope: (y) => 1 - y * y };

module.exports = { sigmoid, tanh };
