// The ceilings of the processor's cores, through WebAssembly or through plain JavaScript, on one thread or on all.

import { fillMatrices, JAVASCRIPT_PEAK_FLOPS, matricesOf, partOf, productError } from './javascript.js';
import { createMemory, Heap } from './memory.js';
import { openTeam, threadsOf } from './modules.js';
import { kindOf, PIECE_BYTES, programOf } from './programs.js';
import { Team } from './team.js';

/** @typedef {import('../frameworks/adapter.js').Ceilings} Ceilings */
/** @typedef {import('../frameworks/adapter.js').Options} Options */

/** Larger than the level-3 cache of what is sold for desks: read whole, copied from half to half, or a triad of thirds. */
const MEMORY_BYTES = 128 * 2 ** 20;
/** An array of plain JavaScript, which has three, and reads a fifth as fast: so a sample stays below 20 ms. */
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
  const all = heap.allocate(MEMORY_BYTES);
  heap.floats.fill(1, all / 4, (all + MEMORY_BYTES) / 4); // what was never written is not there at all
  const half = MEMORY_BYTES / 2;
  const third = Math.floor(MEMORY_BYTES / 3 / PIECE_BYTES) * PIECE_BYTES;
  return {
    operations: {
      peak: operation(team, 'peak', PEAK_TURNS),
      gemm: operation(team, 'gemm', matrices, side),
      read_cached: operation(team, 'read', all, count * CACHED_BYTES),
      read: operation(team, 'read', all, MEMORY_BYTES),
      copy: operation(team, 'copy', all, all + half, half),
      triad: operation(team, 'triad', all, all + third, all + 2 * third, third),
    },
    work: workOf(count, side, PEAK_TURNS * PEAK_FLOPS, { read: MEMORY_BYTES, copy: half, triad: third }),
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
  const bytes = partOf(JAVASCRIPT_BYTES, team.member) * count;
  return {
    operations: {
      peak: operation(team, 'js_peak', JAVASCRIPT_PEAK_TURNS),
      gemm: operation(team, 'js_gemm', side),
      read_cached: operation(team, 'js_read', count * CACHED_BYTES),
      read: operation(team, 'js_read', JAVASCRIPT_BYTES),
      copy: operation(team, 'js_copy', JAVASCRIPT_BYTES),
      triad: operation(team, 'js_triad', JAVASCRIPT_BYTES),
    },
    work: workOf(count, side, JAVASCRIPT_PEAK_TURNS * JAVASCRIPT_PEAK_FLOPS, { read: bytes, copy: bytes, triad: bytes }),
    drained: false,
    error() {
      const { c } = matricesOf(side);
      return productError(side, (row, column) => c[row * side + column]);
    },
  };
}

/**
 * @param {number} count threads, each of which does all arithmetic and reads its own cache, and a part of the memory's
 * @param {number} side
 * @param {number} peakFlop of one thread
 * @param {{read: number, copy: number, triad: number}} bytes of one array of each
 */
function workOf(count, side, peakFlop, { read, copy, triad }) {
  return {
    side, peak_flop: count * peakFlop, gemm_flop: count * 2 * side ** 3,
    read_cached_bytes: count * CACHED_BYTES, read_bytes: read, copy_bytes: 2 * copy, triad_bytes: 3 * triad,
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
