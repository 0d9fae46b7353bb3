// Which of the kernels' variants this browser takes, and with how many threads.

import { Failure } from '../protocol.js';
import { createMemory } from './memory.js';
import { Team } from './team.js';

/** @typedef {import('../frameworks/adapter.js').Options} Options */

/** In order of preference, as kernels/__init__.py has them, and what their tiles are. @type {Record<string, string>} */
const VARIANTS = { relaxed: 'relaxed SIMD, fused multiply-add, tiles of 6 x 8', simd: 'SIMD128, multiply and add, tiles of 4 x 8' };

/** The switch that leaves relaxed SIMD out. */
const PLAIN_SIMD = 'fma=off';

/**
 * @param {Options} options
 * @returns {number} of threads, the page's own among them
 * @throws {Failure} where there can be only one
 */
export function threadsOf({ threads }) {
  const count = threads === 0 ? navigator.hardwareConcurrency : threads ?? 1;
  if (count > 1 && !globalThis.crossOriginIsolated) throw new Failure('unsupported', 'this page is not isolated, so that its threads can share no memory');
  return count;
}

/**
 * @param {Record<string, string>} assets URLs by variant
 * @param {Options} options
 * @returns {Promise<{team: Team, memory: WebAssembly.Memory, kernel: string}>}
 */
export async function openTeam(assets, options) {
  const count = threadsOf(options);
  const { module, kernel } = await newestModule(assets, count > 1, options.switch === PLAIN_SIMD);
  const memory = createMemory(count > 1);
  return { team: await Team.open(module, memory, count), memory, kernel };
}

/**
 * @param {Record<string, string>} assets
 * @param {boolean} shared
 * @param {boolean} plain
 */
async function newestModule(assets, shared, plain) {
  for (const [name, kernel] of Object.entries(VARIANTS).slice(plain ? 1 : 0)) {
    const bytes = await (await fetch(/** @type {string} */ (assets[shared ? `${name}-shared` : name]))).arrayBuffer();
    if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), kernel };
  }
  throw new Failure('unsupported', 'this browser takes no WebAssembly with SIMD');
}
