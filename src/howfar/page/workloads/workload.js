/** @typedef {import('../protocol.js').Report} Report */
/** @typedef {import('../measure.js').Operation} Operation */

/**
 * What every file in this folder makes of an adapter.
 * @typedef {object} Workload
 * @property {(report: Report) => Promise<void>} first the first operation; its numbers go into the report
 * @property {(report: Report) => Promise<void>} check the operations whose numbers are held against the reference
 * @property {Operation} operation brings its numbers to the CPU
 * @property {Operation | null} enqueue leaves them on the device; null where the framework has no such thing
 */

export {};
