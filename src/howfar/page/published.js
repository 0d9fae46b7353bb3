// The paper's clock: how the pages of the 2018 study timed, faults and all, so that what each fault does to a number can
// itself be measured (docs/method.md, "The published protocol"). native/published.py is its twin.

/** @typedef {import('./measure.js').Clock} Clock */
/** @typedef {import('./protocol.js').Report} Report */
/** @typedef {import('./protocol.js').Series} Series */

/**
 * What a workload offers: its operations as the paper's pages called them.
 * @typedef {object} Published
 * @property {boolean} apart whether the first operation is the warm-up, which the paper reported by itself
 * @property {(turn: number) => unknown} operation what it returns is awaited where it is a promise, and never disposed
 * @property {(report: Report, result: any) => void} [keep] puts the numbers that are to be checked into the report; where
 *   it is left out they are asked for when the pass is over
 */

// By its text the study ran a first sample to wake the processor of the GPU back ends, and showed the time of that as
// warm-up, for them alone. On the CPU, and in training, the first operation is one among the others.
export const WARMED_UP = ['webgl', 'webgpu', 'webnn'];

// Two, however slow they are: the second's loss tells what the first did to the weights.
const FEWEST = 2;
// Enough for a clock of 1 ms to tell a mean of 20 us within 1 %; there is no telling more in a message of this size.
const MOST = 20_000;

/**
 * One pass over the data in fixed order, again and again until the time is up: one sample per operation, by a clock of
 * whole milliseconds. Nothing is run before it, nothing is read back, nothing is thrown away.
 * @param {Clock} clock
 * @param {import('./protocol.js').Sampling} sampling
 * @param {Published} published
 * @param {Report} report gets the series, and what was kept
 * @param {(phase: 'latency') => Promise<void>} enter
 */
export async function measurePublished(clock, { max_seconds, slow_seconds }, { apart, operation, keep }, report, enter) {
  const wholeMs = () => Math.floor(clock());
  let awaited = false;
  const sample = async (/** @type {number} */ turn) => {
    const start = wholeMs();
    let result = operation(turn);
    if (result instanceof Promise) {
      result = await result;
      awaited = true;
    }
    const ms = wholeMs() - start;
    keep?.(report, result);
    return ms;
  };
  await enter('latency');
  if (apart) report.series.push({ metric: 'latency', stage: 'warmup', repeats: 1, sample_ms: [await sample(0)], ended_by: 'once' });
  /** @type {number[]} */
  const sample_ms = [];
  for (let end = clock() + max_seconds * 1000; sample_ms.length < FEWEST || (clock() < end && sample_ms.length < MOST); ) {
    const ms = await sample(sample_ms.length + Number(apart));
    sample_ms.push(ms);
    if (ms > slow_seconds * 1000) await enter('latency'); // a phase's limit is for one such operation, not for all
  }
  report.series.push({ metric: 'latency', stage: 'timed', repeats: 1, sample_ms, ended_by: sample_ms.length < MOST ? 'cap' : 'once' });
  report.facts['clock'] = 'whole milliseconds';
  report.facts['awaited'] = awaited;
}
