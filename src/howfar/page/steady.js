// When is a series steady, and when is its median known well enough? Pure functions; levels.py and native/steady.py
// hold the same rules, and tests/fixtures/loop holds all of them to the same answers.

/**
 * Pettitt's rank test for one change of level (A. N. Pettitt, Applied Statistics 28, 1979). A change counts when
 * p < 0.01 and the medians on both sides differ by more than `shift` of the later one.
 * @param {readonly number[]} values
 * @param {number} [shift]
 * @returns {number | null} the index at which the new level starts
 */
export function changePoint(values, shift = 0.02) {
  const n = values.length;
  if (n < 2) return null;
  const ranks = averageRanks(values);
  let sum = 0;
  let peak = 0;
  let start = 0;
  for (let t = 1; t < n; t++) {
    sum += 2 * /** @type {number} */ (ranks[t - 1]) - (n + 1);
    if (Math.abs(sum) > peak) [peak, start] = [Math.abs(sum), t];
  }
  const p = 2 * Math.exp((-6 * peak * peak) / (n ** 3 + n ** 2));
  if (p >= 0.01) return null;
  const [before, after] = [median(values.slice(0, start)), median(values.slice(start))];
  return Math.abs(before - after) > shift * after ? start : null;
}

/**
 * @param {readonly number[]} values
 * @returns {number[]} ranks from 1; equal values share their mean rank
 */
function averageRanks(values) {
  const order = Array.from(values.keys()).sort((a, b) => at(values, a) - at(values, b));
  const ranks = new Array(values.length);
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j < order.length && at(values, at(order, j)) === at(values, at(order, i))) j++;
    for (let k = i; k < j; k++) ranks[at(order, k)] = (i + j + 1) / 2;
    i = j;
  }
  return ranks;
}

/**
 * @param {readonly number[]} values
 * @param {number} index
 */
const at = (values, index) => /** @type {number} */ (values[index]);

/**
 * @param {readonly number[]} values at least one
 * @returns {number}
 */
export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  const upper = /** @type {number} */ (sorted[half]);
  return sorted.length % 2 ? upper : (upper + /** @type {number} */ (sorted[half - 1])) / 2;
}

/**
 * The 95 % interval of the median by order statistics, as a share: (high - low) / 2 / median. It only decides when to
 * stop; the interval that is reported is taken over processes.
 * @param {readonly number[]} values
 * @returns {number} Infinity where there are too few values to tell
 */
export function relativeHalfWidth(values) {
  const n = values.length;
  const reach = 1.96 * Math.sqrt(n) / 2;
  const [low, high] = [Math.floor(n / 2 - reach), Math.ceil(n / 2 + reach)];
  if (low < 0 || high > n - 1) return Infinity;
  const sorted = Float64Array.from(values).sort();
  return (/** @type {number} */ (sorted[high]) - /** @type {number} */ (sorted[low])) / 2 / median(values);
}
