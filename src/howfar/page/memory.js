// What a page that is watched says of its memory. Only such a page loads this file: the others are measured as they are.

/** @typedef {import('./protocol.js').PageMemory} PageMemory */
/** @typedef {import('./protocol.js').PhaseName} PhaseName */
/** @typedef {import('./protocol.js').Report} Report */
/** @typedef {import('./visit.js').Visit} Visit */
/** @typedef {import('./workloads/workload.js').Workload} Workload */
/** @typedef {import('./measure.js').Operation} Operation */

const STEADY = ['latency', 'throughput', 'load', 'load_from_memory'];
// The heap is read after an operation, and at most so often: a read takes microseconds.
const HEAP_EVERY_MS = 50;
// A browser that waits for its next garbage collection takes 10 to 20 s to answer: nobody waits for that.
const ANSWER_MS = 2000;

/**
 * Every memory that WebAssembly makes from now on, whether the page makes it or a module brings it.
 * @param {typeof WebAssembly} wasm its functions are replaced
 * @returns {() => number} the bytes of all of them together
 */
export function watchWasm(wasm) {
  /** @type {Set<WebAssembly.Memory>} */
  const memories = new Set();
  const isMemory = wasm.Memory;
  const note = (/** @type {WebAssembly.Instance} */ { exports }) => {
    for (const one of Object.values(exports)) if (one instanceof isMemory) memories.add(one);
  };
  wasm.Memory = new Proxy(wasm.Memory, {
    construct(of, args, target) {
      const made = Reflect.construct(of, args, target);
      memories.add(made);
      return made;
    },
  });
  wasm.Instance = new Proxy(wasm.Instance, {
    construct(of, args, target) {
      const made = Reflect.construct(of, args, target);
      note(made);
      return made;
    },
  });
  for (const name of /** @type {const} */ (['instantiate', 'instantiateStreaming'])) {
    const original = /** @type {Function} */ (wasm[name]);
    if (!original) continue;
    /** @type {any} */ (wasm)[name] = async (/** @type {unknown[]} */ ...args) => {
      const made = await original.apply(wasm, args);
      note(made.instance ?? made);
      return made;
    };
  }
  return () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

/**
 * @returns {Promise<number | string>} bytes that the browser ascribes to this page, garbage not counted; or why it does not
 */
async function agentBytes() {
  const { measureUserAgentSpecificMemory: measure } = /** @type {any} */ (performance);
  if (!measure) return 'this browser has no measureUserAgentSpecificMemory()';
  const late = new Promise((resolve) => setTimeout(resolve, ANSWER_MS, `it did not answer within ${ANSWER_MS / 1000} s`));
  try {
    const found = await Promise.race([measure.call(performance), late]);
    return typeof found === 'string' ? found : found.bytes;
  } catch (error) {
    return String(error).slice(0, 500);
  }
}

/**
 * Watches the memory of a page from before its library is loaded; the report has it when the last phase begins.
 * @param {Visit} visit
 * @param {Report} report
 * @returns {{visit: Visit, work: (work: Workload) => Workload}} the same visit and work, watched
 */
export function watchMemory(visit, report) {
  const wasmBytes = watchWasm(WebAssembly);
  const heap = heapReader();
  /** @type {{wasm: number, agent: number | string}[]} */
  const ends = [];
  const look = async () => { ends.push({ wasm: wasmBytes(), agent: await agentBytes() }); };
  return {
    visit: {
      ...visit,
      async enter(/** @type {PhaseName} */ phase) {
        if (!ends.length && (phase === 'warmup' || STEADY.includes(phase))) await look();
        if (phase === 'dispose') {
          await look();
          report.memory = memoryOf(ends, heap);
        }
        await visit.enter(phase);
        if (STEADY.includes(phase)) heap.begin();
      },
    },
    work: (work) => ({
      ...work,
      operations: Object.fromEntries(Object.entries(work.operations).map(([metric, operation]) => [metric, heap.after(operation)])),
      enqueue: work.enqueue && heap.after(work.enqueue),
    }),
  };
}

/** @typedef {{at_ms: number[], bytes: number[], begin: () => void, after: (operation: Operation) => Operation}} Heap */

/** @returns {Heap} reads the heap after operations, once it has begun */
function heapReader() {
  // Each reading of `performance.memory` is a new look.
  const page = /** @type {{memory?: {usedJSHeapSize: number}}} */ (performance);
  /** @type {number[]} */
  const at_ms = [];
  /** @type {number[]} */
  const bytes = [];
  let begun = Infinity;
  let last = -Infinity;
  const read = () => {
    const now = performance.now();
    if (!page.memory || now < begun || now - last < HEAP_EVERY_MS) return;
    last = now;
    at_ms.push(now - begun);
    bytes.push(page.memory.usedJSHeapSize);
  };
  return {
    at_ms,
    bytes,
    begin() { begun = Math.min(begun, performance.now()); },
    after: (operation) => (turn) => {
      const result = operation(turn);
      read();
      return result;
    },
  };
}

/**
 * @param {{wasm: number, agent: number | string}[]} ends
 * @param {Heap} heap
 * @returns {PageMemory}
 */
function memoryOf(ends, heap) {
  const [before, after] = [ends[0], ends.at(-1)];
  /** @type {Record<string, string>} */
  const unavailable = {};
  if (!heap.bytes.length) unavailable['heap'] = 'this browser does not tell the size of its JS heap';
  const reason = [before?.agent, after?.agent].find((one) => typeof one === 'string');
  if (reason) unavailable['agent'] = String(reason);
  return {
    heap_at_ms: heap.at_ms,
    heap_bytes: heap.bytes,
    wasm_bytes: before && after?.wasm ? [before.wasm, after.wasm] : null,
    agent_bytes: typeof before?.agent === 'number' && typeof after?.agent === 'number' ? [before.agent, after.agent] : null,
    unavailable,
  };
}
