// An adapter whose framework runs in a worker: each call is a message there and one back. What is measured of it is what
// the page feels, and the page's own thread is free meanwhile. It predicts only: training in a worker is nobody's question yet.

import { Failure } from './protocol.js';

/** @typedef {import('./frameworks/adapter.js').Adapter<any>} Adapter */
/** @typedef {import('./protocol.js').Status} Status */
/** @typedef {{id: number, method: string, args: unknown[]}} Call */
/** @typedef {{status: Status, message: string, detail: string}} Described */
/** @typedef {{id: number, result?: any, error?: Described}} Answer an error with the id 0 is nobody's: the GPU was lost */
/** @typedef {(method: string, ...args: unknown[]) => Promise<any>} Ask */

/** @param {Described} described */
function failureOf({ status, message, detail }) {
  return Object.assign(new Failure(status, message), { stack: detail });
}

/**
 * @param {Pick<Worker, 'postMessage' | 'addEventListener'>} worker
 * @returns {Ask} rejects with a Failure where the worker could not, or is no more
 */
export function askerOf(worker) {
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: unknown) => void}>} */
  const waiting = new Map();
  /** @type {Failure | null} */
  let lost = null;
  let last = 0;

  const giveUp = (/** @type {Failure} */ failure) => {
    lost = failure;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };

  worker.addEventListener('message', (event) => {
    const { id, result, error } = /** @type {Answer} */ (/** @type {MessageEvent} */ (event).data);
    if (error && !id) return giveUp(failureOf(error));
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(failureOf(error));
    else call?.resolve(result);
  });
  worker.addEventListener('error', (event) => {
    giveUp(new Failure('page_error', `the worker failed: ${/** @type {ErrorEvent} */ (event).message ?? 'it could not be started'}`));
  });
  return (method, ...args) => new Promise((resolve, reject) => {
    if (lost) return reject(lost);
    waiting.set(++last, { resolve, reject });
    worker.postMessage({ id: last, method, args });
  });
}

/**
 * @param {Ask} ask
 * @param {readonly string[]} abilities what the adapter in the worker has
 * @param {() => void} end
 * @returns {Adapter}
 */
export function adapterBy(ask, abilities, end) {
  /** @type {any} */
  const adapter = {
    async open(/** @type {unknown[]} */ ...args) {
      const facts = await ask('open', ...args);
      // What a page has and a worker lacks is no failure of the framework's.
      if (facts.backend !== args[0]) throw new Failure('unsupported', `in a worker it has no ${args[0]}: it takes ${facts.backend}`);
      return { ...facts, thread: 'worker' };
    },
    loadLibrary: (/** @type {string[]} */ urls) => ask('loadLibrary', urls),
    // What a loader calls on its way (`bareLoaded`) stays here: functions don't travel.
    load: (/** @type {object} */ urls) => ask('load', urls),
    async dispose() {
      await ask('dispose');
      end();
    },
  };
  for (const name of ['build', 'predict', 'predictBatch']) {
    if (abilities.includes(name)) adapter[name] = (/** @type {unknown[]} */ ...args) => ask(name, ...args);
  }
  if (!abilities.includes('load')) delete adapter.load;
  return adapter;
}

/**
 * @param {string} adapter_url
 * @returns {Promise<{adapter: Adapter}>} as the adapter's own module would give it
 */
export async function inWorker(adapter_url) {
  const url = new URL('./worker.js', import.meta.url);
  url.searchParams.set('adapter', adapter_url);
  const worker = new Worker(url, { type: 'module' });
  const ask = askerOf(worker);
  return { adapter: adapterBy(ask, await ask('abilities'), () => worker.terminate()) };
}
