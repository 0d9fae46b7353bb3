// A dense network as the kernels have it, and the passes over it. Every function here is run by all members of a team
// at once, each on its share; where one needs what the others made, they meet.
//
// Matrices lie in panels (kernels/gemm.py). A name that ends in T is of the transposed matrix. Samples, inputs and units
// are filled up to multiples of 8: with zeros, which stay zeros.

/** @typedef {import('./team.js').Member} Member */

/**
 * @typedef {object} PlannedLayer addresses, in bytes
 * @property {number} inputs rows of `w`
 * @property {number} units columns of `w`
 * @property {number} w
 * @property {number} bias
 * @property {number} y (samples, units)
 * @property {number} yT
 * @property {number} dy the loss by what the layer computed before its activation; of the last layer in the place of `y`
 * @property {number} dyT
 */

/**
 * @typedef {object} Pass
 * @property {number} samples
 * @property {number} rows `samples`, filled up where they are transposed
 * @property {PlannedLayer[]} layers
 */

/** Bytes of a row of a panel, and rows to which the shares of transposed work are cut: whole tiles (6) and panels (8). */
const ROW = 32;
const SHARE_ROWS = 24;

/**
 * @param {number} total
 * @param {Member} member
 * @param {number} [unit]
 * @returns {[number, number]} from where on, and before which, the member's share is
 */
export function share(total, { me, count }, unit = 1) {
  const units = Math.ceil(total / unit);
  const bound = (/** @type {number} */ i) => Math.min(Math.floor((units * i) / count) * unit, total);
  return [bound(me), bound(me + 1)];
}

/**
 * Inputs in panels to the last layer's numbers before their softmax.
 * @param {Member} member
 * @param {Pass} pass
 * @param {number} x
 * @param {boolean} transposed whether each layer's output is needed transposed too
 */
export function forward(member, pass, x, transposed = false) {
  const { kernels } = member;
  const step = pass.rows * ROW;
  let input = x;
  pass.layers.forEach(({ inputs, units, w, bias, y, yT }, i) => {
    const hidden = i < pass.layers.length - 1;
    const [first, last] = share(units / 8, member);
    kernels.forward(input, w, bias, y, pass.samples, step, inputs / 8, first, last, Number(hidden));
    if (hidden && transposed && last > first) {
      kernels.transpose(y + first * step, yT + first * 8 * ROW, step, units * ROW, last - first, 0, pass.rows / 8);
    }
    member.meet();
    input = y;
  });
}

/**
 * The last layer's numbers to probabilities. One member's work: there are few of them.
 * @param {Member} member
 * @param {Pass} pass
 */
export function softmax({ kernels }, { samples, rows, layers }) {
  const { y, units } = /** @type {PlannedLayer} */ (layers.at(-1));
  kernels.softmax(y, samples, rows * ROW, units / 8);
}

/**
 * From the loss by the last layer's numbers, in `dy` and `dyT` of that layer, to new weights.
 * @param {Member} member
 * @param {Pass} pass
 * @param {number} xT
 * @param {number} rate what the sum of the samples' gradients is multiplied by: below zero
 */
export function backward(member, pass, xT, rate) {
  const { layers } = pass;
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = /** @type {PlannedLayer} */ (layers[i]);
    const before = layers[i - 1];
    if (before) {
      passBack(member, pass, layer, before);
      member.meet(); // the weights are still the old ones, and all of the layer before has its gradient
    }
    update(member, pass, layer, before ? before.yT : xT, rate);
  }
  member.meet();
}

/**
 * @param {Member} member
 * @param {Pass} pass
 * @param {PlannedLayer} layer
 * @param {PlannedLayer} before gets its `dyT` and `dy`
 */
function passBack(member, { rows }, { inputs, units, w, dyT }, before) {
  const { kernels } = member;
  const [first, last] = share(inputs, member, SHARE_ROWS);
  if (first === last) return;
  const [at, step] = [first * ROW, inputs * ROW];
  kernels.backward(w + at, dyT, before.yT + at, before.dyT + at, last - first, step, units / 8, 0, rows / 8);
  kernels.transpose(before.dyT, before.dy, step, rows * ROW, rows / 8, first / 8, last / 8);
}

/**
 * @param {Member} member
 * @param {Pass} pass
 * @param {PlannedLayer} layer
 * @param {number} xT its inputs
 * @param {number} rate
 */
function update(member, { rows }, { inputs, units, w, bias, dy }, xT, rate) {
  const [first, last] = share(units / 8, member);
  member.kernels.update(xT, dy, w, inputs, inputs * ROW, rows / 8, first, last, rate);
  member.kernels.update_biases(dy, bias, rows, rows * ROW, first, last, rate);
}
