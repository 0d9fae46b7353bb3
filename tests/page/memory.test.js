// What a watched page says of its memory, with a visit and operations that are played.

import assert from 'node:assert/strict';
import test from 'node:test';

import { watchMemory, watchWasm } from '../../src/howfar/page/memory.js';

/** @typedef {import('../../src/howfar/page/protocol.js').Report} Report */

const PAGE = 65_536;
/** A module that brings a memory of two pages of its own, and exports it. */
const BRINGS_ONE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 2, 7, 5, 1, 1, 109, 2, 0);

/** @returns {any} a WebAssembly whose functions may be replaced */
const own = () => Object.create(null, Object.fromEntries(Object.getOwnPropertyNames(WebAssembly).map((name) =>
  [name, { value: /** @type {any} */ (WebAssembly)[name], writable: true }])));

test('every memory of WebAssembly counts once, however it was made', async () => {
  const wasm = own();
  const bytes = watchWasm(wasm);
  assert.equal(bytes(), 0);
  const made = new wasm.Memory({ initial: 3 });
  assert.ok(made instanceof WebAssembly.Memory && made instanceof wasm.Memory);
  assert.equal(bytes(), 3 * PAGE);
  const { instance } = await wasm.instantiate(BRINGS_ONE);
  assert.equal(bytes(), 5 * PAGE);
  await wasm.instantiate(await WebAssembly.compile(BRINGS_ONE));
  assert.equal(bytes(), 7 * PAGE);
  new wasm.Instance(new WebAssembly.Module(BRINGS_ONE));
  assert.equal(bytes(), 9 * PAGE);
  instance.exports.m.grow(1);
  made.grow(1);
  assert.equal(bytes(), 11 * PAGE);
});

/** @returns {Report} */
const report = () => ({
  task_id: '', status: 'ok', message: '', detail: '', facts: {}, phases: [], series: [],
  outputs: [], losses: [], live_tensors: null, heap_bytes: null, schema: 3,
});

/**
 * Plays a page: its phases, and 30 operations in its steady one.
 * @param {Record<string, unknown>} browser what its `performance` has
 * @returns {Promise<import('../../src/howfar/page/protocol.js').PageMemory>}
 */
async function played(browser) {
  const kept = Object.getOwnPropertyDescriptors(performance);
  for (const [name, value] of Object.entries(browser)) Object.defineProperty(performance, name, { value, configurable: true });
  /** @type {string[]} */
  const entered = [];
  const found = report();
  try {
    const { visit, work } = watchMemory(/** @type {any} */ ({ enter: async (/** @type {string} */ phase) => { entered.push(phase); } }), found);
    let turns = 0;
    const watched = work(/** @type {any} */ ({ operations: { latency: () => { turns++; } }, enqueue: null, checks: 1 }));
    for (const phase of /** @type {const} */ (['library_load', 'first', 'warmup', 'throughput'])) await visit.enter(phase);
    for (let turn = 0; turn < 30; turn++) {
      watched.operations.latency?.(turn);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(!('memory' in found));
    await visit.enter('dispose');
    assert.deepEqual([turns, watched.enqueue, watched.checks], [30, null, 1]);
    assert.deepEqual(entered, ['library_load', 'first', 'warmup', 'throughput', 'dispose']);
  } finally {
    for (const name of Object.keys(browser)) if (!(name in kept)) delete /** @type {any} */ (performance)[name];
  }
  const { memory } = found;
  assert.ok(memory);
  return memory;
}

test('the heap is read after operations of the steady phase, and the page is asked before it and after', async () => {
  let asked = 0;
  let used = 1000;
  const browser = {
    memory: { get usedJSHeapSize() { return (used += 500); } },
    measureUserAgentSpecificMemory: async () => ({ bytes: 100 * ++asked, breakdown: [] }),
  };
  const memory = await played(browser);
  assert.deepEqual(memory.agent_bytes, [100, 200]);
  assert.ok(memory.heap_bytes.length >= 4 && memory.heap_bytes.length <= 8, `${memory.heap_bytes.length} in 0.3 s`);
  assert.equal(memory.heap_at_ms.length, memory.heap_bytes.length);
  assert.ok(memory.heap_at_ms.every((ms, i) => ms >= 0 && ms - (memory.heap_at_ms[i - 1] ?? -50) >= 50));
  assert.deepEqual(memory.unavailable, {});
});

test('a browser that tells nothing says so', async () => {
  const memory = await played({});
  assert.deepEqual([memory.heap_bytes, memory.agent_bytes], [[], null]);
  assert.match(memory.unavailable['heap'] ?? '', /does not tell/);
  assert.match(memory.unavailable['agent'] ?? '', /has no measureUserAgentSpecificMemory/);
});

test('a browser that never answers is not waited for, and one that refuses says why', async () => {
  const never = await played({ measureUserAgentSpecificMemory: () => new Promise(() => {}) });
  assert.equal(never.unavailable['agent'], 'it did not answer within 2 s');
  const refuses = await played({ measureUserAgentSpecificMemory: () => Promise.reject(new Error('not isolated')) });
  assert.equal(refuses.unavailable['agent'], 'Error: not isolated');
});
