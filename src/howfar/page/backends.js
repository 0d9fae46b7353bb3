// Is a back end there at all? Asked of the browser itself, before a framework is, so that "unsupported" carries a reason.

import { Failure } from './protocol.js';

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
  webnn: probeWebnn,
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
  const canvas = globalThis.document ? document.createElement('canvas') : new OffscreenCanvas(1, 1);
  const context = canvas.getContext('webgl2') ?? canvas.getContext('webgl');
  if (!context) throw new Failure('unsupported', 'this browser gives no WebGL context');
  return glFacts(context);
}

// A browser that has just been started may not have its GPU yet: on an NVIDIA H200 six of eleven pages that asked 0.2 s
// after the start had no adapter.
const ADAPTER_TRIES = 20;
const BETWEEN_TRIES_MS = 50;

/**
 * @returns {Promise<{adapter: GPUAdapter, tries: number}>}
 * @throws {Failure} where there is none
 */
export async function findAdapter() {
  if (!navigator.gpu) throw new Failure('unsupported', 'this browser has no navigator.gpu');
  for (let tries = 1; tries <= ADAPTER_TRIES; tries++) {
    const adapter = await navigator.gpu.requestAdapter();
    if (adapter) return { adapter, tries };
    await new Promise((resolve) => { setTimeout(resolve, BETWEEN_TRIES_MS); });
  }
  throw new Failure('unsupported', 'navigator.gpu.requestAdapter() gives no adapter');
}

/** @returns {Promise<Facts>} */
async function probeWebgpu() {
  const { adapter, tries } = await findAdapter();
  return { ...adapterFacts(adapter), ...(tries > 1 ? { webgpu_adapter_tries: tries } : {}) };
}

// A browser that can't may have `navigator.ml` all the same; one that can answers in milliseconds.
const WEBNN_MS = 10_000;

/** @returns {Promise<Facts>} */
async function probeWebnn() {
  const { ml } = /** @type {{ml?: {createContext(): Promise<unknown>}}} */ (navigator);
  if (!ml) throw new Failure('unsupported', 'this browser has no navigator.ml');
  const late = new Promise((_, reject) => { setTimeout(() => reject(new Error(`no answer within ${WEBNN_MS / 1000} s`)), WEBNN_MS); });
  await Promise.race([ml.createContext(), late]).catch((error) => {
    throw new Failure('unsupported', `navigator.ml.createContext() fails: ${error.message}`);
  });
  return {};
}

// Sees every GL context and GPU device that a framework opens, without touching what it does with them:
// which renderer it really got, and whether it was lost. Only the page can see a loss; drivers do not report it.

/** @typedef {{facts: Facts, lost: Promise<never>}} GpuWatch */

/** @returns {GpuWatch} `lost` rejects with the Failure when a context or device is lost; `facts` fills as they open */
export function watchGpu() {
  /** @type {Facts} */
  const facts = {};
  /** @type {(failure: Failure) => void} */
  let fail = () => {};
  const lost = /** @type {Promise<never>} */ (new Promise((_, reject) => { fail = reject; }));
  lost.catch(() => {}); // a loss after the outcome is posted concerns nobody
  if (globalThis.HTMLCanvasElement) watchCanvas(HTMLCanvasElement.prototype, facts, fail);
  if (globalThis.OffscreenCanvas) watchCanvas(OffscreenCanvas.prototype, facts, fail);
  if (globalThis.GPUAdapter) watchAdapter(facts, fail);
  return { facts, lost };
}

/**
 * @param {{getContext: Function}} prototype
 * @param {Facts} facts
 * @param {(failure: Failure) => void} fail
 */
function watchCanvas(prototype, facts, fail) {
  const original = prototype.getContext;
  /** @this {EventTarget} @param {unknown[]} args */
  prototype.getContext = function getContext(...args) {
    const context = original.apply(this, args);
    if (context && /^webgl/.test(String(args[0])) && !seen.has(this)) {
      seen.add(this);
      Object.assign(facts, glFacts(context));
      markDismissal(context);
      this.addEventListener('webglcontextlost', () => {
        if (!dismissed.has(context)) fail(new Failure('gl_context_lost', 'the WebGL context was lost'));
      });
    }
    return context;
  };
}

/** @type {WeakSet<EventTarget>} */
const seen = new WeakSet();

/** Contexts that the library itself let go of: TensorFlow.js 0.13 tries WebGL on some that it then loses on purpose. @type {WeakSet<object>} */
const dismissed = new WeakSet();

/** @param {WebGLRenderingContext | WebGL2RenderingContext} context */
function markDismissal(context) {
  const extension = context.getExtension('WEBGL_lose_context');
  if (!extension) return;
  const lose = extension.loseContext.bind(extension);
  extension.loseContext = () => {
    dismissed.add(context);
    lose();
  };
}

/**
 * @param {Facts} facts
 * @param {(failure: Failure) => void} fail
 */
function watchAdapter(facts, fail) {
  const original = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function requestDevice(descriptor) {
    const device = await original.call(this, descriptor);
    Object.assign(facts, adapterFacts(this));
    device.lost.then(({ reason, message }) => {
      if (reason !== 'destroyed') fail(new Failure('gpu_device_lost', `the WebGPU device was lost: ${message}`));
    });
    return device;
  };
}

/**
 * @param {WebGLRenderingContext | WebGL2RenderingContext} context
 * @returns {Facts}
 */
export function glFacts(context) {
  const names = context.getExtension('WEBGL_debug_renderer_info');
  return { webgl_renderer: String(context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER)) };
}

/**
 * @param {GPUAdapter} adapter
 * @returns {Facts}
 */
export function adapterFacts(adapter) {
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  return {
    webgpu_adapter: [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed',
    webgpu_fallback_adapter: isFallbackAdapter,
  };
}
