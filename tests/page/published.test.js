// The paper's clock, with a clock that is told what time it is.

import assert from 'node:assert/strict';
import test from 'node:test';

import { measurePublished } from '../../src/howfar/page/published.js';
import { Machine } from './fake.js';

const report = () => /** @type {any} */ ({ series: [], facts: {}, losses: [] });

/** @param {number} ms what every operation takes */
function clockwork(ms) {
  let now = 0;
  return { clock: () => now, operation: () => { now += ms; return now; } };
}

/** @returns {Promise<void>} */
const enter = async () => {};
const caps = { ...new Machine().loop().sampling, max_seconds: 0.1, slow_seconds: 2 };

test('a clock of whole milliseconds gives 0 and 1, whose mean is the time', async () => {
  const [{ clock, operation }, found] = [clockwork(0.25), report()];
  await measurePublished(clock, caps, { apart: false, operation }, found, enter);
  const [series] = found.series;
  assert.deepEqual(series.sample_ms.slice(0, 8), [0, 0, 0, 1, 0, 0, 0, 1]);
  assert.equal(series.sample_ms.length, 400);
  assert.equal(found.facts.awaited, false);
});

test('the first operation stands apart only where the paper showed it by itself', async () => {
  const [{ clock, operation }, found] = [clockwork(10), report()];
  await measurePublished(clock, caps, { apart: true, operation }, found, enter);
  assert.deepEqual(found.series.map((/** @type {any} */ one) => [one.stage, one.sample_ms.length]), [['warmup', 1], ['timed', 10]]);
});

test('what is slow is done twice, and each time the limit begins anew', async () => {
  const [{ clock, operation }, found] = [clockwork(30_000), report()];
  let entered = 0;
  await measurePublished(clock, caps, { apart: false, operation }, found, async () => { entered++; });
  assert.deepEqual(found.series[0].sample_ms, [30_000, 30_000]);
  assert.equal(entered, 3);
});

test('a promise is awaited, and what it gives is kept', async () => {
  const found = report();
  const { clock, operation } = clockwork(60);
  await measurePublished(clock, caps, {
    apart: false, operation: async () => operation(), keep: (into, loss) => into.losses.push(loss),
  }, found, enter);
  assert.deepEqual(found.losses, [60, 120]);
  assert.equal(found.facts.awaited, true);
});
