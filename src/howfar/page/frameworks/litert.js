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
 * @property {(folder: string, options: {threads?: boolean}) => Promise<unknown>} loadLiteRt
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
 * @param {readonly string[]} lines of the library's log
 * @returns {import('../protocol.js').Facts} nothing where the log did not say
 */
export function delegated(lines) {
  const found = lines.map((line) => /Replacing (\d+) out of (\d+) node/.exec(line)).filter((match) => match !== null);
  if (!found.length) return {};
  const sum = (/** @type {1 | 2} */ group) => found.reduce((total, match) => total + Number(match[group]), 0);
  return { nodes: sum(2), nodes_fell_back: sum(2) - sum(1) };
}

/** @returns {import('../protocol.js').Facts} */
function acceleratorFacts() {
  const { options: { accelerator, cpuOptions }, isFullyAccelerated } = /** @type {CompiledModel} */ (model);
  if (accelerator !== backend) throw new Failure('fell_back', `asked for ${backend}, got ${accelerator}`);
  const used = backend === 'wasm' ? { wasm_threads_used: cpuOptions.numThreads ?? 1 } : { fully_accelerated: isFullyAccelerated };
  return { execution_providers: accelerator, ...used };
}

/** @satisfies {import('./adapter.js').Adapter<never>} */
export const adapter = {
  async open(asked, assets, options, modules) {
    const found = await probeBackend(asked);
    if (asked === 'webgpu') listen();
    litert = modules['litert'];
    backend = asked;
    threads = options.threads === 0 ? navigator.hardwareConcurrency : options.threads;
    // By default it takes one thread, and its file without threads.
    await litert.loadLiteRt(assets['wasm'] ?? '', threads !== null && threads > 1 ? { threads: true } : {});
    return { ...found, backend, dtype: 'float32' };
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
    return { ...acceleratorFacts(), ...(backend === 'webgpu' ? delegated(lines) : { nodes_fell_back: 0 }) };
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
