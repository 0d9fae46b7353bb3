// The worker's side of in_worker.js: it loads the library and the adapter as a page does, and does what it is asked,
// one call after the other.

import { watchGpu } from './backends.js';
import { describe, Failure } from './protocol.js';

/** @typedef {import('./frameworks/adapter.js').Adapter<any>} Adapter */
/** @typedef {import('./in_worker.js').Call} Call */
/** @typedef {import('./in_worker.js').Answer} Answer */

const post = /** @type {(answer: Answer) => void} */ (/** @type {unknown} */ (globalThis.postMessage.bind(globalThis)));

const gpu = watchGpu();
gpu.lost.catch((error) => post({ id: 0, error: describe(error) }));

/** Begun at once, but not waited for here: what is asked meanwhile would find nobody listening. @type {Promise<{adapter: Adapter}>} */
const loading = import(new URL(location.href).searchParams.get('adapter') ?? '');

/** What a library or an adapter asks for that only a page has. */
const PAGE_ONLY = /\b(window|document|Image|HTML\w+Element)\b.* (is not defined|is undefined|undefined)/;

/**
 * A module worker has no importScripts: a library's browser file is run as that would run it, in the global scope.
 * @param {readonly string[]} urls
 */
async function loadLibrary(urls) {
  for (const url of urls) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} could not be loaded`);
    (0, eval)(`${await answer.text()}\n//# sourceURL=${new URL(url, location.href)}`);
  }
}

/** @type {Record<string, (adapter: any, ...args: any[]) => unknown>} */
const METHODS = {
  abilities: (adapter) => Object.keys(adapter).filter((name) => typeof adapter[name] === 'function'),
  loadLibrary: (_, urls) => loadLibrary(urls),
  open: async (adapter, ...args) => ({ ...(await adapter.open(...args)), ...gpu.facts }),
  predict: async (adapter, input) => numbers(await adapter.predict(input)),
  predictBatch: async (adapter, ...args) => numbers(await adapter.predictBatch(...args)),
};

/**
 * @param {ArrayLike<number>} output
 * @returns {ArrayLike<number>} without the rest of a memory that it may be a part of
 */
const numbers = (output) => (ArrayBuffer.isView(output) ? /** @type {any} */ (output).slice() : Array.from(output));

/**
 * @param {unknown} error
 * @param {Adapter | undefined} adapter
 * @returns {unknown} what a worker lacks, or the framework, is no error of the page
 */
function explained(error, adapter) {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  const lacking = adapter?.lacks?.(error.message);
  if (lacking) return new Failure('unsupported', lacking);
  return PAGE_ONLY.test(error.message) ? new Failure('unsupported', `it needs a page, and runs in no worker: ${error.message}`) : error;
}

/** @param {Call} call */
async function answer({ id, method, args }) {
  /** @type {Adapter | undefined} */
  let adapter;
  try {
    adapter = (await loading).adapter;
    const own = METHODS[method];
    post({ id, result: await (own ? own(adapter, ...args) : /** @type {any} */ (adapter)[method](...args)) });
  } catch (error) {
    post({ id, error: describe(explained(error, adapter)) });
  }
}

addEventListener('message', ({ data }) => void answer(data));
