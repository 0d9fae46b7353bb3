// Is a back end there at all? Asked of the browser itself, before a framework is, so that "unsupported" carries a reason.

import { Failure } from './failures.js';
import { adapterFacts, glFacts } from './watch-gpu.js';

/** @typedef {import('./protocol.js').Facts} Facts */

/** The smallest module whose code uses a v128 instruction. @type {Uint8Array<ArrayBuffer>} */
const SIMD_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** @type {Record<string, () => Facts | Promise<Facts>>} */
const PROBES = {
  cpu: () => ({}),
  wasm: probeWasm,
  webgl: probeWebgl,
  webgpu: probeWebgpu,
};

/**
 * @param {string} backend
 * @returns {Promise<Facts>} what the browser says of the back end
 * @throws {Failure} `unsupported`, with the reason
 */
export async function probeBackend(backend) {
  const probe = PROBES[backend];
  return probe ? probe() : {};
}

/** @returns {Facts} */
function probeWasm() {
  if (!globalThis.WebAssembly) throw new Failure('unsupported', 'this browser has no WebAssembly');
  return { wasm_simd: WebAssembly.validate(SIMD_MODULE), wasm_threads: globalThis.crossOriginIsolated && 'SharedArrayBuffer' in globalThis };
}

/** @returns {Facts} */
function probeWebgl() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('webgl2') ?? canvas.getContext('webgl');
  if (!context) throw new Failure('unsupported', 'this browser gives no WebGL context');
  return glFacts(context);
}

/** @returns {Promise<Facts>} */
async function probeWebgpu() {
  if (!navigator.gpu) throw new Failure('unsupported', 'this browser has no navigator.gpu');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Failure('unsupported', 'navigator.gpu.requestAdapter() gives no adapter');
  return adapterFacts(adapter);
}
