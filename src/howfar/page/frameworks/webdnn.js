// WebDNN 1.2: a compiler's output and the page that runs it. It only infers, and takes only what its converter made.

import { probeBackend } from '../backends.js';
import { Failure } from '../protocol.js';

/** @typedef {{set(values: ArrayLike<number>): void, toActual(): Float32Array}} View */
/**
 * @typedef {object} Runner
 * @property {string} backendName
 * @property {View[]} inputs
 * @property {View[]} outputs
 * @property {{built_with?: string}} descriptor the graph file; `built_with` is howfar's exporter's
 * @property {Worker} [worker]
 * @property {() => Promise<void>} run resolves when the outputs are on the CPU, whatever the back end
 */
/**
 * @typedef {object} WebDNN
 * @property {() => {status: Record<string, boolean>}} getBackendAvailability
 * @property {(directory: string, options: object) => Promise<Runner>} load
 */

/** What WebDNN calls its back ends. @type {Record<string, string>} */
const NAMES = { cpu: 'fallback', wasm: 'webassembly', webgl: 'webgl' };

/** @type {WebDNN} */
let library;
/** @type {string} */
let name;
/** @type {Runner | undefined} */
let runner;

/** The fallback back end writes a line on every run; everybody else's are left alone. */
function silenceRuns() {
  const log = console.log;
  console.log = (...words) => {
    if (!String(words[0]).startsWith('Processed ')) log(...words);
  };
}

/**
 * WebDNN says why a back end could not be used only as a warning, and then throws "No backend is available".
 * @param {() => Promise<Runner>} load
 * @returns {Promise<Runner>}
 */
async function withReasons(load) {
  const warn = console.warn;
  /** @type {string[]} */
  const reasons = [];
  console.warn = (...words) => {
    reasons.push(words.join(' '));
    warn(...words);
  };
  try {
    return await load();
  } catch (error) {
    throw new Error([...reasons, error].join('; '), { cause: error });
  } finally {
    console.warn = warn;
  }
}

/** Ends the model that is there: WebDNN itself has no call for it. */
function release() {
  runner?.worker?.terminate();
  runner = undefined;
}

/** @satisfies {import('./adapter.js').Adapter<never>} */
export const adapter = {
  async open(backend) {
    const wanted = NAMES[backend];
    if (!wanted) {
      throw new Failure('unsupported', "WebDNN 1's webgpu is WebMetal, an early API that only Safari had and dropped; it is not today's WebGPU");
    }
    const found = await probeBackend(backend);
    library = /** @type {any} */ (globalThis).WebDNN;
    name = wanted;
    // Only asked for WebGL: to answer, WebDNN opens a context, whichever back end is meant.
    if (backend === 'webgl' && !library.getBackendAvailability().status[name]) {
      throw new Failure('unsupported', 'WebDNN asks for WebGL with float textures of 4096, which is not here');
    }
    silenceRuns();
    return { ...found, backend, dtype: 'float32' };
  },

  async load(urls) {
    release();
    const options = {
      backendOrder: [name],
      // A model that was loaded before would else come from IndexedDB.
      cacheStrategy: 'networkOnly',
      saveCache: false,
      // Absolute: the worker that fetches the wasm file has a blob: URL itself.
      transformUrlDelegate: (/** @type {string} */ url) => new URL(urls[url.slice(url.lastIndexOf('/') + 1)] ?? url, location.href).href,
    };
    const loaded = await withReasons(() => library.load('model', options));
    if (loaded.backendName !== name) throw new Failure('fell_back', `asked WebDNN for ${name}, got ${loaded.backendName}`);
    runner = loaded;
    const { built_with } = loaded.descriptor;
    return built_with ? { kernels_built_with: built_with } : {};
  },

  async predict(input) {
    const { inputs: [entry], outputs: [result], run } = /** @type {Runner & {inputs: [View], outputs: [View]}} */ (runner);
    entry.set(input);
    await run.call(runner);
    return result.toActual();
  },

  // Layers and activations are the converter's, which no page sees. LSTM is in two of its back ends, one of them dead.
  features: () => ({ networks: name === 'webassembly' ? 'DNN, CNN, RNN' : 'DNN, CNN' }),

  dispose: release,
};
