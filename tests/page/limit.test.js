// What the yardstick and the ceilings stand on, as far as it needs no browser.

import assert from 'node:assert/strict';
import test from 'node:test';

import { javascript, matricesOf, multiply, partOf, productError } from '../../src/howfar/page/limit/javascript.js';
import { createMemory, Heap, read } from '../../src/howfar/page/limit/memory.js';
import { openTeam, threadsOf } from '../../src/howfar/page/limit/modules.js';
import { share } from '../../src/howfar/page/limit/network.js';
import { kindOf, programOf } from '../../src/howfar/page/limit/programs.js';
import { joinTeam, Team } from '../../src/howfar/page/limit/team.js';

/**
 * @param {number} me
 * @param {number} count
 */
const member = (me, count) => ({ ...joined, me, count });
const joined = await joinTeam(null, createMemory(false), 0, 1);

for (const [total, count, unit] of /** @type {[number, number, number][]} */ ([[32, 1, 1], [32, 3, 1], [2, 5, 1], [256, 2, 24], [784, 7, 24], [8, 4, 24]])) {
  test(`the shares of ${total} among ${count}, cut at multiples of ${unit}, are all of it and no more`, () => {
    const shares = Array.from({ length: count }, (_, me) => share(total, member(me, count), unit));
    assert.equal(shares[0]?.[0], 0);
    assert.equal(shares.at(-1)?.[1], total);
    shares.slice(1).forEach(([first], i) => assert.equal(first, shares[i]?.[1]));
    for (const [first, last] of shares) assert.ok(first <= last && first % unit === 0);
  });
}

test('a product in plain JavaScript is exact, and one that is not is seen', () => {
  for (const side of [4, 24, 192]) {
    const matrices = matricesOf(side);
    multiply(matrices, side);
    const found = (/** @type {number} */ row, /** @type {number} */ column) => matrices.c[row * side + column];
    assert.equal(productError(side, found), 0);
    assert.equal(productError(side, (row, column) => found(row, column) + (column === side - 1 ? 1 : 0)), 1);
    assert.ok(Number.isNaN(productError(side, () => NaN)), 'what is no number is no small error');
  }
});

test('every program of plain JavaScript runs', () => {
  for (const [name, words] of /** @type {[string, number[]][]} */ ([['js_peak', [10]], ['js_gemm', [8]], ['js_read', [4096]], ['js_copy', [4096]], ['js_triad', [4096]]])) {
    javascript[name]?.(joined, ...words);
  }
});

test('the members of a team take parts of whole cache lines', () => {
  assert.equal(partOf(4096, member(0, 3)) % 64, 0);
  assert.ok(partOf(4096, member(0, 3)) * 3 <= 4096);
});

test('a program has the same number for all members', () => {
  assert.equal(kindOf('forward'), 0);
  assert.throws(() => programOf(kindOf('no such')), TypeError);
});

test('a team of one runs a program and waits for nobody', async () => {
  /** @type {unknown[]} */
  const ran = [];
  const team = await Team.open(null, createMemory(false), 1);
  team.run(0, (one, words) => { one.meet(); ran.push(words); }, [1, 2.5]);
  assert.deepEqual(ran, [[1, 2.5]]);
  team.close();
});

test('room in memory is all zeros, on lines of its own, and never given twice', () => {
  const heap = new Heap(createMemory(false));
  const [first, second] = [heap.allocate(4), heap.allocate(300_000)];
  assert.ok(first % 64 === 0 && second >= first + 64);
  assert.ok(heap.floats.byteLength >= second + 300_000);
  assert.ok(heap.floats.subarray(first / 4, second / 4 + 75_000).every((number) => number === 0));
});

test('what one member writes, another reads, and shared memory grows like any', () => {
  for (const shared of [false, true]) {
    const memory = createMemory(shared);
    const pass = { samples: 3, layers: [{ w: 4096 }] };
    const heap = new Heap(memory);
    heap.allocate(100_000);
    assert.deepEqual(read(memory, ...heap.write(pass)), pass);
  }
});

test('no room is a failure with a name', () => {
  const heap = new Heap(createMemory(true));
  assert.throws(() => heap.allocate(2 ** 31), { status: 'out_of_memory' });
});

/** A module with nothing in it, and one of a version that no engine knows. */
const TAKEN = 'data:application/wasm;base64,AGFzbQEAAAA=';
const REFUSED = 'data:application/wasm;base64,AGFzbQIAAAA=';

for (const [what, assets, options, kernel] of /** @type {[string, Record<string, string>, any, RegExp][]} */ ([
  ['with relaxed SIMD', { relaxed: TAKEN, simd: TAKEN }, {}, /^relaxed SIMD/],
  ['without relaxed SIMD', { relaxed: REFUSED, simd: TAKEN }, {}, /^SIMD128/],
  ['that is to do without it', { relaxed: TAKEN, simd: TAKEN }, { switch: 'fma=off' }, /^SIMD128/],
])) {
  test(`a browser ${what} is given the kernels for it`, async () => {
    const opened = await openTeam(assets, options);
    assert.match(opened.kernel, kernel);
    assert.equal(opened.team.member.count, 1);
  });
}

test('a browser without SIMD has no ceiling of WebAssembly, and says so', async () => {
  const asked = openTeam({ relaxed: REFUSED, simd: REFUSED }, /** @type {any} */ ({}));
  await assert.rejects(asked, { status: 'unsupported', message: /no WebAssembly with SIMD/ });
});

/** @param {number} cores */
const machineOf = (cores) => Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: cores }, configurable: true });

test('all threads of one core are one, which needs no isolation; of two they need it', (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  t.after(() => (before ? Object.defineProperty(globalThis, 'navigator', before) : Reflect.deleteProperty(globalThis, 'navigator')));
  const all = /** @type {any} */ ({ threads: 0 });
  machineOf(1);
  assert.equal(threadsOf(all), 1);
  machineOf(2);
  assert.throws(() => threadsOf(all), { status: 'unsupported', message: /not isolated/ });
});
