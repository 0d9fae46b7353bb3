// LiteRT.js: it runs TensorFlow Lite models, float32. What WebGPU can't do it leaves to WebAssembly, and says so.

import { probeBackend } from '../backends.js';
import { hearing, listen } from '../listen.js';
import { Failure } from '../protocol.js';
import { namesOf, typedValues } from '../tensors.js';

/** @typedef {{data(): Promise<ArrayLike<number>>, delete(): void}} LiteRtTensor */
/** @typedef {'float32' | 'int32' | 'uint8'} DType all that it takes and gives */
/**
 * @typedef {object} CompiledModel
 * @property {{accelerator: string, cpuOptions: {numThreads?: number}}} options what it came to
 * @property {boolean} isFullyAccelerated
 * @property {() => readonly {name: string, dtype: DType}[]} getInputDetails
 * @property {(inputs: LiteRtTensor[]) => Promise<LiteRtTensor[]>} run resolves before a GPU is done
 * @property {() => void} delete
 */
/**
 * @typedef {object} LiteRt
 * @property {(folder: string, options: {threads?: boolean, jspi?: boolean}) => Promise<unknown>} loadLiteRt
 * @property {(url: string, options: object) => Promise<CompiledModel>} loadAndCompile
 * @property {new (values: import('../tensors.js').Values, shape: readonly number[]) => LiteRtTensor} Tensor
 */

/** @type {LiteRt} */
let litert;
let backend = '';
/** @type {number | null} */
let threads = null;
/** @type {CompiledModel | undefined} */
let model;
/** Per input of the model, in its own order: its type, and which of the tensors it is. @type {{dtype: DType, from: number}[]} */
let entries = [];

/**
 * @param {readonly string[]} lines of the library's log; it speaks of operations only where not all are on the GPU
 * @returns {{there: number, elsewhere: number}} how many operations are on the GPU, and how many are not
 */
export function delegated(lines) {
  let [there, elsewhere] = [0, 0];
  for (const line of lines) {
    const [, number = 'No', rest] = /(\w+) operations will run on the GPU, and (?:the remaining|all) (\d+) operations/.exec(line) ?? [];
    if (!rest) continue;
    there += number === 'No' ? 0 : Number(number);
    elsewhere += Number(rest);
  }
  return { there, elsewhere };
}

/**
 * @param {readonly string[]} lines
 * @returns {import('../protocol.js').Facts}
 */
function gpuFacts(lines) {
  const { there, elsewhere } = delegated(lines);
  if (elsewhere && !there) throw new Failure('fell_back', `asked for webgpu, but all ${elsewhere} operations are on the CPU`);
  const full = /** @type {CompiledModel} */ (model).isFullyAccelerated;
  return { execution_providers: full ? 'webgpu' : 'webgpu, wasm', fully_accelerated: full, ...(full || elsewhere ? { nodes_fell_back: elsewhere } : {}) };
}

/**
 * @param {readonly string[]} lines
 * @returns {import('../protocol.js').Facts}
 */
function acceleratorFacts(lines) {
  const { options: { accelerator, cpuOptions } } = /** @type {CompiledModel} */ (model);
  if (accelerator !== backend) throw new Failure('fell_back', `asked for ${backend}, got ${accelerator}`);
  if (backend === 'webgpu') return gpuFacts(lines);
  return { execution_providers: 'wasm', wasm_threads_used: cpuOptions.numThreads ?? 1, nodes_fell_back: 0 };
}

// By default it takes one thread, and its file without threads. A model of which a part is left to the CPU is run only by
// the file that needs JSPI: where there is JSPI, the others die of it ("Asyncify is not defined").
function fileOptions() {
  if (backend === 'webgpu') return 'Suspending' in WebAssembly ? { jspi: true } : {};
  return threads !== null && threads > 1 ? { threads: true } : {};
}

/** @satisfies {import('./adapter.js').Adapter<never>} */
export const adapter = {
  async open(asked, assets, options, modules) {
    const found = await probeBackend(asked);
    if (asked === 'webgpu') listen();
    litert = modules['litert'];
    backend = asked;
    threads = options.threads === 0 ? navigator.hardwareConcurrency : options.threads;
    const file = fileOptions();
    await litert.loadLiteRt(assets['wasm'] ?? '', file);
    return { ...found, backend, dtype: 'float32', jspi: 'jspi' in file };
  },

  async loadGraph(urls, inputs) {
    const [url = ''] = Object.values(urls);
    // On a GPU that can, it would compute in float16 unless told.
    const options = { accelerator: backend, gpuOptions: { precision: 'fp32' }, ...(threads === null ? {} : { cpuOptions: { numThreads: threads } }) };
    const { result, lines } = await hearing(() => litert.loadAndCompile(url, options));
    model = result;
    const details = model.getInputDetails();
    const names = namesOf(inputs, details.map(({ name }) => name));
    entries = details.map(({ name, dtype }) => ({ dtype, from: names.indexOf(name) }));
    return acceleratorFacts(lines);
  },

  async run(tensors) {
    const taken = entries.map(({ dtype, from }) => {
      const tensor = /** @type {import('../tensors.js').Tensor} */ (tensors[from]);
      return new litert.Tensor(typedValues({ ...tensor, dtype }), tensor.shape);
    });
    const given = await /** @type {CompiledModel} */ (model).run(taken);
    const numbers = await Promise.all(given.map((tensor) => tensor.data()));
    [...taken, ...given].forEach((tensor) => tensor.delete());
    return numbers;
  },

  lacks: (message) => /Element type \w+ is not supported|Threads are only supported with .*/.exec(message)?.[0],

  dispose() {
    model?.delete();
  },
};
