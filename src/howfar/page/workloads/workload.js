/** @typedef {import('../protocol.js').Report} Report */
/** @typedef {import('../measure.js').Operation} Operation */

/**
 * @typedef {object} Workload
 * @property {(report: Report) => Promise<void>} first the first operation; its numbers go into the report
 * @property {(report: Report) => Promise<void>} check the operations whose numbers are held against the reference
 * @property {Operation} operation brings its numbers to the CPU
 * @property {Operation | null} enqueue leaves them on the device; null where the framework has no such thing
 */

/**
 * @param {ArrayLike<number>} numbers
 * @returns {(number | null)[]} JSON has no NaN and no infinity: null stands for them
 */
export function finite(numbers) {
  return Array.from(numbers, (number) => (Number.isFinite(number) ? number : null));
}
