// What of all that was seen belongs to a stretch, and a page that works lets the event loop in.

import assert from 'node:assert/strict';
import test from 'node:test';

import { stretchOf, work } from '../../src/howfar/page/experience.js';

const SEEN = {
  frames: [990, 1000, 1016.5, 1999, 2000],
  presses: [{ at: 999, ms: 3 }, { at: 1500, ms: 80 }, { at: 1990, ms: -0.1 }],
  tasks: [{ at: 900, ms: 200 }, { at: 1100, ms: 60 }],
  paints: null,
};

test('a stretch has what began within it, frames from its begin', () => {
  assert.deepEqual(stretchOf(SEEN, { start: 1000, end: 2000, operations: 7 }), {
    seconds: 1, operations: 7, frame_ms: [0, 16.5, 999],
    input_delay_ms: [80, 0], // clocks of two processes may differ by a hair; nobody presses after being heard
    long_task_ms: [60], paint_delay_ms: null,
  });
});

test('what a browser tells nothing of is not the same as nothing that happened', () => {
  const nothing = { frames: [], presses: [], tasks: null, paints: [] };
  const { long_task_ms, paint_delay_ms } = stretchOf(nothing, { start: 0, end: 1, operations: 0 });
  assert.deepEqual([long_task_ms, paint_delay_ms], [null, []]);
});

test('after each operation others get their turn, and the time is kept', async () => {
  let now = 0;
  /** @type {string[]} */
  const order = [];
  setImmediate(() => order.push('somebody else'));
  const done = await work(() => now, 0.01, (turn) => {
    order.push(`operation ${turn}`);
    now += 4;
    return new Promise((resolve) => { setImmediate(resolve); });
  });
  assert.equal(done, 3);
  assert.deepEqual(order, ['operation 0', 'somebody else', 'operation 1', 'operation 2']);
});

test('however slow, one operation is done', async () => {
  let now = 0;
  assert.equal(await work(() => now, 0.01, () => { now += 60_000; }), 1);
});

test('an operation that fails is heard of', async () => {
  await assert.rejects(work(() => 0, 1, () => { throw new RangeError('out of memory'); }), RangeError);
});
