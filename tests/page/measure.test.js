// The loop's logic, on a clock that only the operations move. tests/native/test_measure.py asks the twin the same.

import assert from 'node:assert/strict';
import test from 'node:test';

import { calibrateTick, measureEach, measureThroughput } from '../../src/howfar/page/measure.js';
import { Machine, sum } from './fake.js';

/** @typedef {import('../../src/howfar/page/protocol.js').Series} Series */

const enter = async () => {};

/**
 * @param {readonly Series[]} all
 * @param {Series['metric']} metric
 * @param {Series['stage']} stage
 * @returns {Series}
 */
function pick(all, metric, stage) {
  const found = all.filter((series) => series.metric === metric && series.stage === stage);
  assert.equal(found.length, 1, `one ${stage} series of ${metric}`);
  return /** @type {Series} */ (found[0]);
}

test('the tick is the step of the clock, however often it is read between two steps', () => {
  const machine = new Machine(1 / 8);
  const clock = () => { machine.work(1 / 64); return machine.clock(); };
  assert.equal(calibrateTick(clock), 1 / 8);
});

test('a few interruptions do not change the tick', () => {
  const machine = new Machine(1 / 8);
  let reads = 0;
  const clock = () => { machine.work(++reads % 40 === 0 ? 5 : 1 / 64); return machine.clock(); };
  assert.equal(calibrateTick(clock), 1 / 8);
});

test('a sample repeats a short operation until it lasts at least min_ticks ticks', async () => {
  const machine = new Machine(1 / 8);
  const { repeats, sample_ms } = pick(await measureEach(machine.loop(), 'latency', () => machine.work(1 / 16), enter), 'latency', 'timed');
  assert.ok(Math.min(...sample_ms) >= 50 / 8, `${Math.min(...sample_ms)} ms`);
  assert.ok(Math.abs(sum(sample_ms) / sample_ms.length / repeats - 1 / 16) < 1 / 8 / repeats);
});

test('a sample of a long operation is one operation', async () => {
  const machine = new Machine(1 / 8);
  const { repeats, sample_ms } = pick(await measureEach(machine.loop(), 'latency', () => machine.work(64), enter), 'latency', 'timed');
  assert.equal(repeats, 1);
  assert.deepEqual(new Set(sample_ms), new Set([64]));
});

test('every operation gets the next turn, over both metrics', async () => {
  const machine = new Machine();
  const loop = machine.loop();
  /** @type {number[]} */
  const turns = [];
  const operation = (/** @type {number} */ turn) => { turns.push(turn); machine.work(4); };
  await measureEach(loop, 'latency', operation, enter);
  await measureThroughput(loop, operation, null, enter);
  assert.deepEqual(turns, Array.from(turns.keys()));
  assert.equal(loop.turn, turns.length);
});

test('phases are told in order, and telling them is in no sample', async () => {
  const machine = new Machine();
  /** @type {string[]} */
  const phases = [];
  const slowEnter = async (/** @type {string} */ phase) => { phases.push(phase); machine.work(700); };
  const series = await measureEach(machine.loop(), 'latency', () => machine.work(4), slowEnter);
  series.push(...(await measureThroughput(machine.loop(), () => machine.work(4), null, slowEnter)));
  assert.deepEqual(phases, ['warmup', 'latency', 'warmup', 'throughput']);
  for (const { sample_ms, repeats } of series) assert.deepEqual(new Set(sample_ms), new Set([4 * repeats]));
});

test('the drain is inside a throughput sample and outside the enqueue series', async () => {
  const machine = new Machine();
  let queued = 0;
  const enqueue = () => { queued += 1; machine.work(1); };
  const drain = async () => { await null; machine.work(queued * 10); queued = 0; };
  const series = await measureThroughput(machine.loop(), enqueue, drain, enter);
  const [throughput, enqueued] = [pick(series, 'throughput', 'timed'), pick(series, 'enqueue', 'timed')];
  assert.equal(throughput.repeats, 10);
  assert.equal(enqueued.repeats, 10);
  assert.deepEqual(new Set(throughput.sample_ms), new Set([110]));
  assert.deepEqual(new Set(enqueued.sample_ms), new Set([10]));
  assert.equal(enqueued.sample_ms.length, throughput.sample_ms.length);
});

test('samples of a ceiling are long beside the wait that ends them', async () => {
  const machine = new Machine();
  const drain = async () => { machine.work(2); };
  const loop = { ...machine.loop(), floorMs: 40 };
  const { repeats, sample_ms } = pick(await measureThroughput(loop, () => machine.work(1), drain, enter, 'gemm'), 'gemm', 'timed');
  assert.ok(Math.min(...sample_ms) >= 40);
  assert.deepEqual(new Set(sample_ms), new Set([repeats + 2]));
});

test('where there is nothing to drain there is no enqueue series', async () => {
  const machine = new Machine();
  const series = await measureThroughput(machine.loop(), () => machine.work(4), null, enter);
  assert.deepEqual(series.map(({ metric, stage }) => [metric, stage]), [['throughput', 'warmup'], ['throughput', 'timed']]);
});

test('the pipeline is no deeper than min_samples samples under the cap allow', async () => {
  const machine = new Machine();
  const drain = async () => machine.work(0);
  const series = await measureThroughput(machine.loop({ max_seconds: 4 }), () => machine.work(40), drain, enter);
  const { repeats, sample_ms } = pick(series, 'throughput', 'timed');
  assert.equal(repeats, 3); // 4000 ms / 30 samples / 40 ms
  assert.ok(sample_ms.length >= 30);
});

test('warm-up goes on past a change of level and ends steady', async () => {
  const machine = new Machine();
  const operation = (/** @type {number} */ turn) => machine.work(turn < 50 ? 4 : 1);
  const series = await measureEach(machine.loop(), 'latency', operation, enter);
  const warm = pick(series, 'latency', 'warmup');
  assert.equal(warm.ended_by, 'steady');
  assert.deepEqual(new Set(warm.sample_ms), new Set([4, 1]));
  assert.ok(sum(warm.sample_ms) > 300, 'the first look, at 300 ms, saw the change');
  assert.ok(sum(warm.sample_ms) < 1000, 'and a later look saw no other');
  assert.deepEqual(new Set(pick(series, 'latency', 'timed').sample_ms), new Set([1]));
});

test('warm-up ends at its first look where nothing changes', async () => {
  const machine = new Machine();
  const warm = pick(await measureEach(machine.loop(), 'latency', () => machine.work(4), enter), 'latency', 'warmup');
  assert.equal(warm.ended_by, 'steady');
  assert.equal(sum(warm.sample_ms), 300);
});

test('warm-up that never settles ends at its cap, and says so', async () => {
  const machine = new Machine();
  const operation = (/** @type {number} */ turn) => machine.work(1 + turn / 128);
  const warm = pick(await measureEach(machine.loop(), 'latency', operation, enter), 'latency', 'warmup');
  assert.equal(warm.ended_by, 'cap');
  assert.ok(sum(warm.sample_ms) >= 5000 && sum(warm.sample_ms) < 5100, `${sum(warm.sample_ms)} ms`);
});

test('code that got much faster in warm-up is calibrated again', async () => {
  const machine = new Machine(1 / 8);
  const operation = (/** @type {number} */ turn) => machine.work(turn < 30 ? 4 : 1 / 32);
  const series = await measureEach(machine.loop(), 'latency', operation, enter);
  assert.ok(pick(series, 'latency', 'timed').repeats > pick(series, 'latency', 'warmup').repeats);
  assert.ok(Math.min(...pick(series, 'latency', 'timed').sample_ms) >= 50 / 8);
});

test('what is held up when it is calibrated still gets samples of min_ticks ticks', async () => {
  const machine = new Machine(1 / 8);
  const began = machine.now;
  let turn = 0;
  let last = false;
  // Warm-up lasts 5 s; its first operation is held up, and the one with which it ends.
  const operation = () => {
    const ends = !last && machine.now - began >= 4990;
    last ||= ends;
    machine.work(turn++ === 0 || ends ? 40 : 1 / 32);
  };
  const series = await measureEach(machine.loop({ warmup_min_seconds: 5 }), 'latency', operation, enter);
  const warm = pick(series, 'latency', 'warmup');
  assert.deepEqual([warm.repeats, warm.sample_ms.at(-1)], [1, 40]);
  assert.ok(Math.min(...pick(series, 'latency', 'timed').sample_ms) >= 50 / 8);
});

test('what was calibrated while it was held up is sampled anew, until every sample lasts min_ticks ticks', async () => {
  const machine = new Machine(1 / 8);
  // Warm-up ends at once, and the first timed samples are held up too: a thread had to wait for its core.
  const operation = (/** @type {number} */ turn) => machine.work(turn < 8 ? 40 : 1 / 32);
  const drain = async () => {};
  const sampling = { warmup_min_seconds: 0.001, warmup_max_seconds: 0.001 };
  const series = await measureThroughput(machine.loop(sampling), operation, drain, enter);
  const [timed, enqueued] = [pick(series, 'throughput', 'timed'), pick(series, 'enqueue', 'timed')];
  assert.ok(Math.min(...timed.sample_ms) >= 50 / 8, `${Math.min(...timed.sample_ms)} ms`);
  assert.ok(Math.max(...timed.sample_ms) / timed.repeats < 1 / 8, 'none is left of those that were held up');
  assert.deepEqual([enqueued.repeats, enqueued.sample_ms.length], [timed.repeats, timed.sample_ms.length]);
});

test('an operation slower than max_seconds gets exactly slow_samples', async () => {
  const machine = new Machine();
  let operations = 0;
  const operation = () => { operations += 1; machine.work(20_000); };
  const series = await measureEach(machine.loop({ slow_samples: 3 }), 'latency', operation, enter);
  assert.deepEqual(pick(series, 'latency', 'timed'),
    { metric: 'latency', stage: 'timed', repeats: 1, sample_ms: [20_000, 20_000, 20_000], ended_by: 'cap' });
  assert.deepEqual(pick(series, 'latency', 'warmup').sample_ms, [20_000]);
  assert.equal(operations, 4);
});

test('sampling ends by the interval once both the least samples and the least seconds are there', async () => {
  const quick = new Machine();
  const byTime = pick(await measureEach(quick.loop(), 'latency', () => quick.work(4), enter), 'latency', 'timed');
  assert.deepEqual([byTime.ended_by, sum(byTime.sample_ms)], ['interval', 500]);
  const slow = new Machine();
  const byCount = pick(await measureEach(slow.loop(), 'latency', () => slow.work(64), enter), 'latency', 'timed');
  assert.deepEqual([byCount.ended_by, byCount.sample_ms.length], ['interval', 30]);
});

test('sampling of a restless operation ends by the cap', async () => {
  const machine = new Machine();
  const operation = (/** @type {number} */ turn) => machine.work(turn % 2 ? 3 : 1);
  const { ended_by, sample_ms } = pick(await measureEach(machine.loop(), 'latency', operation, enter), 'latency', 'timed');
  assert.equal(ended_by, 'cap');
  assert.ok(sum(sample_ms) >= 10_000 && sum(sample_ms) < 10_010, `${sum(sample_ms)} ms`);
});

for (const metric of /** @type {const} */ (['latency', 'load', 'load_from_memory'])) {
  test(`${metric} is told under its own name`, async () => {
    const machine = new Machine();
    /** @type {string[]} */
    const phases = [];
    const series = await measureEach(machine.loop(), metric, () => machine.work(4), async (phase) => void phases.push(phase));
    assert.deepEqual(phases, ['warmup', metric]);
    assert.deepEqual(series.map((one) => [one.metric, one.stage]), [[metric, 'warmup'], [metric, 'timed']]);
  });
}

test('what is slow gets one sample and no warm-up', async () => {
  const machine = new Machine();
  const loop = { ...machine.loop(), slow: true };
  /** @type {string[]} */
  const phases = [];
  const tell = async (/** @type {string} */ phase) => void phases.push(phase);
  const operation = () => machine.work(2500);
  assert.deepEqual(await measureEach(loop, 'latency', operation, tell),
    [{ metric: 'latency', stage: 'timed', repeats: 1, sample_ms: [2500], ended_by: 'slow' }]);
  assert.deepEqual(await measureThroughput(loop, operation, null, tell),
    [{ metric: 'throughput', stage: 'timed', repeats: 1, sample_ms: [2500], ended_by: 'slow' }]);
  assert.deepEqual(phases, ['latency', 'throughput']);
  assert.deepEqual([loop.turn, machine.now], [2, 1000 + 2 * 2500]);
});

test('what is slow and drained has its one sample in both series', async () => {
  const machine = new Machine();
  const loop = { ...machine.loop(), slow: true };
  const drain = async () => machine.work(2500);
  assert.deepEqual(await measureThroughput(loop, () => machine.work(1), drain, enter), [
    { metric: 'throughput', stage: 'timed', repeats: 1, sample_ms: [2501], ended_by: 'slow' },
    { metric: 'enqueue', stage: 'timed', repeats: 1, sample_ms: [1], ended_by: 'slow' },
  ]);
});

test('a ceiling that is drained is told under its own name, and has no other series', async () => {
  const machine = new Machine();
  const drain = async () => machine.work(4);
  const series = await measureThroughput(machine.loop(), () => machine.work(1), drain, enter, 'gemm');
  assert.deepEqual(series.map((one) => [one.metric, one.stage]), [['gemm', 'warmup'], ['gemm', 'timed']]);
  const { repeats, sample_ms } = pick(series, 'gemm', 'timed');
  assert.deepEqual(new Set(sample_ms), new Set([repeats + 4]));
});

test('an asynchronous operation is waited for, and its waiting is timed', async () => {
  const machine = new Machine();
  const operation = async () => { await null; machine.work(8); };
  const { repeats, sample_ms } = pick(await measureEach(machine.loop(), 'latency', operation, enter), 'latency', 'timed');
  assert.deepEqual(new Set(sample_ms), new Set([8 * repeats]));
});

test('a synchronous operation is never awaited', async () => {
  const machine = new Machine(1 / 8);
  let microtasks = 0;
  /** @type {number[]} */
  const seen = [];
  const operation = () => {
    seen.push(microtasks);
    queueMicrotask(() => { microtasks += 1; });
    machine.work(1);
  };
  const { repeats, sample_ms } = pick(await measureEach(machine.loop(), 'latency', operation, enter), 'latency', 'timed');
  assert.ok(repeats > 1);
  const timed = seen.slice(-repeats * sample_ms.length);
  for (let i = 0; i < timed.length; i += repeats) {
    assert.equal(new Set(timed.slice(i, i + repeats)).size, 1, 'no microtask ran between two operations of a sample');
  }
  assert.equal(new Set(timed).size, sample_ms.length, 'but some did between samples');
});
