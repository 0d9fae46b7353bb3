/** @typedef {import('../protocol.js').Report} Report */
/** @typedef {import('../measure.js').Operation} Operation */
/** @typedef {import('../protocol.js').SteadyMetric} SteadyMetric */

/**
 * What every file in this folder makes of an adapter.
 * @typedef {object} Workload
 * @property {(report: Report) => Promise<void>} first the first operation; its numbers go into the report
 * @property {number} checks how many operations' numbers are held against the reference, the first included
 * @property {(report: Report, turn: number) => Promise<void>} check the operation of that turn (1 and on); its numbers go into the report
 * @property {Partial<Record<SteadyMetric, Operation>>} operations per metric what is timed, until what it is for is there
 * @property {import('../published.js').Published} [published] the operations as the paper's pages called them, where it timed such
 * @property {boolean} [drained] its operations leave their work on the device, and a sample of them ends with one `sync`
 * @property {Operation | null} enqueue leaves its numbers on the device; null where the framework has no such thing
 */

export {};
