// The measuring loop. It alone reads the clock; operations only work. native/measure.py is its twin.

import { changePoint, relativeHalfWidth } from './steady.js';

/** @typedef {import('./protocol.js').Sampling} Sampling */
/** @typedef {import('./protocol.js').Series} Series */
/** @typedef {import('./protocol.js').SteadyMetric} SteadyMetric */
/** @typedef {() => number} Clock milliseconds */
/** @typedef {(turn: number) => unknown} Operation may return a promise; `turn` counts up, so that inputs can rotate */

/**
 * @typedef {object} Loop
 * @property {Clock} clock
 * @property {number} tickMs
 * @property {Sampling} sampling
 * @property {number} floorMs what a sample must last, whatever the clock's step
 * @property {boolean} slow one sample is enough
 * @property {number} turn how many operations were run so far
 */

// Up to this many operations are in flight before a throughput sample drains the device: deep enough to hide the
// round trip of a read-back behind work, shallow enough for a GPU's memory.
const PIPELINE_DEPTH = 10;

/**
 * What a sample must last that is of the work alone and ends with a wait for a GPU: a wait takes 2.6 ms on an NVIDIA
 * H200, where a product of two matrices takes less.
 */
export const DRAINED_MS = 30;

/**
 * The clock's step: the median distance between two different readings that follow one another.
 * @param {Clock} clock
 * @returns {number} milliseconds
 */
export function calibrateTick(clock) {
  const steps = [];
  while (steps.length < 25) {
    const start = clock();
    let next = clock();
    while (next === start) next = clock();
    steps.push(next - start);
  }
  return /** @type {number} */ (steps.sort((a, b) => a - b)[12]);
}

/**
 * @param {Loop} loop
 * @param {Operation} operation
 * @param {number} repeats
 * @returns {Promise<number>} the milliseconds that all of them took
 */
async function sample(loop, operation, repeats) {
  const { clock } = loop;
  const start = clock();
  for (let i = 0; i < repeats; i++) {
    const result = operation(loop.turn++);
    if (result instanceof Promise) await result; // a synchronous operation must not pay for an await
  }
  return clock() - start;
}

/**
 * @param {Loop} loop
 * @returns {number} what a sample must last: `min_ticks` ticks, and `floorMs`
 */
const leastMs = ({ sampling, tickMs, floorMs }) => Math.max(sampling.min_ticks * tickMs, floorMs);

/**
 * @param {Loop} loop
 * @returns {number} what it is calibrated to last: a margin of a half for what gets faster later
 */
const enoughMs = (loop) => leastMs(loop) * 1.5;

/**
 * @param {Loop} loop
 * @param {(repeats: number) => Promise<number>} take
 * @returns {Promise<{repeats: number, ms: number}>} the repeats that make a sample long enough, and the first such sample
 */
async function calibrateRepeats(loop, take) {
  for (let repeats = 1; ; ) {
    const ms = await take(repeats);
    if (ms >= enoughMs(loop)) return { repeats, ms };
    repeats = moreRepeats(loop, repeats, ms);
  }
}

/**
 * @param {Loop} loop
 * @param {number} repeats
 * @param {number} ms what they took, which was too short
 */
function moreRepeats(loop, repeats, ms) {
  const wanted = Math.ceil((enoughMs(loop) / Math.max(ms, loop.tickMs)) * repeats);
  return Math.max(repeats * 2, Math.min(wanted, repeats * 10));
}

/**
 * Runs until the level is steady or time is up, and forgets the steps before the last change of level.
 * @param {Loop} loop
 * @param {(repeats: number) => Promise<number>} take
 * @returns {Promise<{repeats: number, sample_ms: number[], ended_by: 'steady' | 'cap'}>}
 */
async function warmUp(loop, take) {
  const { warmup_min_seconds, warmup_max_seconds, target_half_width } = loop.sampling;
  const start = loop.clock();
  const { repeats, ms } = await calibrateRepeats(loop, take);
  const sample_ms = [ms];
  let level = 0;
  let checkAtMs = warmup_min_seconds * 1000;
  for (;;) {
    const elapsedMs = loop.clock() - start;
    if (elapsedMs >= checkAtMs && sample_ms.length - level >= 10) {
      const change = changePoint(sample_ms.slice(level), target_half_width);
      if (change === null) return { repeats, sample_ms, ended_by: 'steady' };
      level += change;
      checkAtMs = elapsedMs * 1.25;
    }
    if (elapsedMs >= warmup_max_seconds * 1000) return { repeats, sample_ms, ended_by: 'cap' };
    sample_ms.push(await take(repeats));
  }
}

/**
 * The repeats for the timed samples: warm-up's, or more where its samples are too short now: the code got faster, or
 * what it was calibrated by was held up. So two samples must be long enough, one after the other.
 * @param {Loop} loop
 * @param {(repeats: number) => Promise<number>} take
 * @param {{repeats: number, sample_ms: number[]}} warm
 * @returns {Promise<{repeats: number, ms: number}>}
 */
async function recalibrate(loop, take, warm) {
  let { repeats } = warm;
  let ms = Math.min(...warm.sample_ms.slice(-2));
  while (ms < enoughMs(loop)) {
    repeats = moreRepeats(loop, repeats, ms);
    ms = Math.min(await take(repeats), await take(repeats));
  }
  return { repeats, ms };
}

/**
 * @typedef {object} Timed
 * @property {number} repeats
 * @property {number[]} sample_ms
 * @property {'interval' | 'cap'} ended_by
 */

/**
 * The timed samples. Where one is too short for the clock's step (what the repeats were calibrated by was held up, or the
 * code got much faster since), all of them are taken anew, of more repeats.
 * @param {Loop} loop
 * @param {(repeats: number) => Promise<number>} take
 * @param {number} repeats
 * @returns {Promise<Timed>}
 */
async function sampleUntilKnown(loop, take, repeats) {
  const { min_samples, min_seconds, max_seconds, slow_samples, target_half_width } = loop.sampling;
  /** @type {number[]} */
  const sample_ms = [];
  const start = loop.clock();
  for (let checkAtMs = min_seconds * 1000; ; ) {
    const ms = await take(repeats);
    if (ms < leastMs(loop)) return sampleUntilKnown(loop, take, moreRepeats(loop, repeats, ms));
    sample_ms.push(ms);
    const elapsedMs = loop.clock() - start;
    if (elapsedMs >= checkAtMs && sample_ms.length >= min_samples) {
      if (relativeHalfWidth(sample_ms) < target_half_width) return { repeats, sample_ms, ended_by: 'interval' };
      checkAtMs = elapsedMs * 1.25;
    }
    if (elapsedMs >= max_seconds * 1000 && sample_ms.length >= slow_samples) return { repeats, sample_ms, ended_by: 'cap' };
  }
}

/**
 * One metric in full: warm-up, then timed samples of operations that each end with what they are for: their numbers on
 * the CPU, or a model that is ready.
 * @param {Loop} loop
 * @param {Exclude<SteadyMetric, 'throughput'>} metric
 * @param {Operation} operation
 * @param {(phase: 'warmup' | SteadyMetric) => Promise<void>} enter
 * @returns {Promise<Series[]>}
 */
export async function measureEach(loop, metric, operation, enter) {
  const take = (/** @type {number} */ repeats) => sample(loop, operation, repeats);
  if (loop.slow) {
    await enter(metric);
    return [{ metric, stage: 'timed', repeats: 1, sample_ms: [await take(1)], ended_by: 'slow' }];
  }
  await enter('warmup');
  const warm = await warmUp(loop, take);
  const { repeats } = await recalibrate(loop, take, warm);
  await enter(metric);
  return [
    { metric, stage: 'warmup', ...warm },
    { metric, stage: 'timed', ...await sampleUntilKnown(loop, take, repeats) },
  ];
}

/**
 * Warm-up, then timed samples of k operations that are drained together once. Where `drain` has something to wait for,
 * the time before it is the `enqueue` series of a throughput: what a page that never reads its results back would see.
 * @param {Loop} loop
 * @param {Operation} enqueue
 * @param {(() => Promise<void>) | null} drain
 * @param {(phase: 'warmup' | SteadyMetric) => Promise<void>} enter
 * @param {SteadyMetric} [metric] another one that is sampled in this way
 * @returns {Promise<Series[]>}
 */
export async function measureThroughput(loop, enqueue, drain, enter, metric = 'throughput') {
  /** @type {number[]} */
  const enqueued_ms = [];
  const take = async (/** @type {number} */ repeats) => {
    const start = loop.clock();
    const enqueuedMs = await sample(loop, enqueue, repeats);
    if (!drain) return enqueuedMs;
    await drain();
    enqueued_ms.push(enqueuedMs);
    return loop.clock() - start;
  };
  /** @type {Series[]} */
  const series = [];
  let repeats = 1;
  if (!loop.slow) {
    await enter('warmup');
    const warm = await warmUp(loop, take);
    series.push({ metric, stage: 'warmup', ...warm });
    repeats = pipelined(loop.sampling, await recalibrate(loop, take, warm));
  }
  await enter(metric);
  /** @type {Omit<Timed, 'ended_by'> & Pick<Series, 'ended_by'>} */
  const timed = loop.slow ? { repeats, sample_ms: [await take(1)], ended_by: 'slow' } : await sampleUntilKnown(loop, take, repeats);
  series.push({ metric, stage: 'timed', ...timed });
  if (drain && metric === 'throughput') {
    series.push({ ...timed, metric: 'enqueue', stage: 'timed', sample_ms: enqueued_ms.slice(-timed.sample_ms.length) });
  }
  return series;
}

/**
 * The repeats of a throughput sample: as deep as the pipeline, while `min_samples` of them still fit under the cap.
 * @param {Sampling} sampling
 * @param {{repeats: number, ms: number}} calibrated
 */
function pipelined({ max_seconds, min_samples }, { repeats, ms }) {
  const affordable = Math.floor((max_seconds * 1000 * repeats) / min_samples / ms);
  return Math.max(repeats, Math.min(PIPELINE_DEPTH, affordable), 1);
}
