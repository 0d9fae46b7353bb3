// The ceilings of the processor's cores, through WebAssembly or through plain JavaScript, on one thread or on all.

import { fillMatrices, JAVASCRIPT_PEAK_FLOPS, matricesOf, partOf, productError } from './javascript.js';
import { createMemory, Heap } from './memory.js';
import { openTeam, threadsOf } from './modules.js';
import { kindOf, programOf } from './programs.js';
import { Team } from './team.js';

/** @typedef {import('../frameworks/adapter.js').Ceilings} Ceilings */
/** @typedef {import('../frameworks/adapter.js').Options} Options */

/** Larger than the level-3 cache of what is sold for desks; read and written once before, so that it is there at all. */
const ARRAY_BYTES = 128 * 2 ** 20;
/** Plain JavaScript reads a fifth as fast: half of it keeps a sample below 20 ms. */
const JAVASCRIPT_BYTES = 64 * 2 ** 20;
/** Of each thread: what its own cache holds, and about the weights of the study's networks. */
const CACHED_BYTES = 2 ** 20;
/** About a third of a millisecond each. */
const PEAK_TURNS = 25_000;
const JAVASCRIPT_PEAK_TURNS = 50_000;
/** kernels/streams.py: PEAK_FLOPS. */
const PEAK_FLOPS = 768;

/**
 * @param {Record<string, string> | null} assets the kernels; null for plain JavaScript
 * @param {Options} options
 */
export async function processor(assets, options) {
  const opened = assets ? await openTeam(assets, options) : await openPlain(options);
  const { team, memory } = opened;
  const take = (/** @type {number} */ side) => (assets ? wasmCeilings(team, new Heap(memory), side) : plainCeilings(team, side));
  return { facts: { kernel: opened.kernel, threads: team.member.count }, take, dispose: () => team.close() };
}

/** @param {Options} options */
async function openPlain(options) {
  const count = threadsOf(options);
  const memory = createMemory(count > 1);
  return { team: await Team.open(null, memory, count), memory, kernel: 'plain JavaScript, doubles, tiles of 4 x 4' };
}

/**
 * @param {Team} team
 * @param {string} name
 * @param {number[]} words
 * @returns {() => void}
 */
function operation(team, name, ...words) {
  const kind = kindOf(name);
  const program = programOf(kind);
  return () => team.run(kind, program, words);
}

/**
 * @param {Team} team
 * @param {Heap} heap
 * @param {number} side
 * @returns {Ceilings}
 */
function wasmCeilings(team, heap, side) {
  const { count } = team.member;
  const matrices = placeMatrices(heap, side, count);
  const [a, b, c] = [0, 1, 2].map(() => heap.allocate(ARRAY_BYTES));
  heap.floats.fill(1, /** @type {number} */ (a) / 4, (/** @type {number} */ (c) + ARRAY_BYTES) / 4);
  return {
    operations: {
      peak: operation(team, 'peak', PEAK_TURNS),
      gemm: operation(team, 'gemm', matrices, side),
      read_cached: operation(team, 'read', a ?? 0, count * CACHED_BYTES),
      read: operation(team, 'read', a ?? 0, ARRAY_BYTES),
      copy: operation(team, 'copy', a ?? 0, b ?? 0, ARRAY_BYTES),
      triad: operation(team, 'triad', a ?? 0, b ?? 0, c ?? 0, ARRAY_BYTES),
    },
    work: workOf(count, side, PEAK_TURNS * PEAK_FLOPS, ARRAY_BYTES),
    drained: false,
    error: () => wasmError(heap, matrices, side, count),
  };
}

/**
 * @param {Team} team
 * @param {number} side
 * @returns {Ceilings}
 */
function plainCeilings(team, side) {
  const { count } = team.member;
  return {
    operations: {
      peak: operation(team, 'js_peak', JAVASCRIPT_PEAK_TURNS),
      gemm: operation(team, 'js_gemm', side),
      read_cached: operation(team, 'js_read', count * CACHED_BYTES),
      read: operation(team, 'js_read', JAVASCRIPT_BYTES),
      copy: operation(team, 'js_copy', JAVASCRIPT_BYTES),
      triad: operation(team, 'js_triad', JAVASCRIPT_BYTES),
    },
    work: workOf(count, side, JAVASCRIPT_PEAK_TURNS * JAVASCRIPT_PEAK_FLOPS, partOf(JAVASCRIPT_BYTES, team.member) * count),
    drained: false,
    error() {
      const { c } = matricesOf(side);
      return productError(side, (row, column) => c[row * side + column]);
    },
  };
}

/**
 * @param {number} count threads, each of which does all arithmetic, and a part of the memory's
 * @param {number} side
 * @param {number} peakFlop of one thread
 * @param {number} bytes of one array
 */
function workOf(count, side, peakFlop, bytes) {
  return {
    side, peak_flop: count * peakFlop, gemm_flop: count * 2 * side ** 3,
    read_cached_bytes: count * CACHED_BYTES, read_bytes: bytes, copy_bytes: 2 * bytes, triad_bytes: 3 * bytes,
  };
}

/** @type {(row: number, column: number, side: number) => number} where a number lies in panels (kernels/gemm.py) */
const place = (row, column, side) => (column >> 3) * side * 8 + row * 8 + (column & 7);

/**
 * A, B and C of each thread.
 * @param {Heap} heap
 * @param {number} side
 * @param {number} count
 * @returns {number} the address of the first
 */
function placeMatrices(heap, side, count) {
  const size = side * side;
  const address = heap.allocate(count * 3 * size * 4);
  const { floats } = heap;
  const inPanels = (/** @type {number} */ row, /** @type {number} */ column) => place(row, column, side);
  for (let at = address / 4; at < address / 4 + count * 3 * size; at += 3 * size) {
    fillMatrices(side, inPanels, inPanels, floats.subarray(at, at + size), floats.subarray(at + size, at + 2 * size));
  }
  return address;
}

/**
 * @param {Heap} heap
 * @param {number} matrices
 * @param {number} side
 * @param {number} count
 * @returns {number} the largest of all threads
 */
function wasmError({ floats }, matrices, side, count) {
  const errors = Array.from({ length: count }, (_, me) => {
    const c = matrices / 4 + (me * 3 + 2) * side ** 2;
    return productError(side, (row, column) => floats[c + place(row, column, side)] ?? NaN);
  });
  return Math.max(...errors);
}
