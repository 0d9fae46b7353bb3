// The life of a page: ask what to do, load the library, measure, post the report. One page, one task.

import { watchGpu } from './backends.js';
import { fetchData, fetchNetwork, loadScripts } from './load.js';
import { calibrateTick, measureLatency, measureThroughput } from './measure.js';
import { describe, Failure, SCHEMA } from './protocol.js';
import { openForPerson, openVisit } from './visit.js';

/** @typedef {import('./protocol.js').Assignment} Assignment */
/** @typedef {import('./protocol.js').PhaseName} PhaseName */
/** @typedef {import('./protocol.js').Report} Report */
/** @typedef {import('./visit.js').Visit} Visit */
/** @typedef {import('./frameworks/adapter.js').Adapter<any>} Adapter */
/** @typedef {import('./workloads/workload.js').Workload} Workload */

const clock = () => performance.now();

/** @returns {import('./protocol.js').Facts} */
function pageFacts() {
  return {
    user_agent: navigator.userAgent,
    cross_origin_isolated: crossOriginIsolated,
    hardware_concurrency: navigator.hardwareConcurrency,
    visibility: document.visibilityState,
  };
}

/**
 * @param {string} task_id
 * @returns {Report}
 */
function emptyReport(task_id) {
  return {
    task_id, status: 'ok', message: '', detail: '', facts: {}, phases: [], series: [],
    outputs: [], losses: [], live_tensors: null, heap_bytes: null, schema: SCHEMA,
  };
}

/** @returns {number} bytes; 0 where the browser does not tell */
const heapBytes = () => /** @type {any} */ (performance).memory?.usedJSHeapSize ?? 0;

/**
 * @param {Visit} visit
 * @param {Report} report
 * @returns {<T>(name: PhaseName, work: () => T | Promise<T>) => Promise<T>} runs and times one phase
 */
function phaseTimer(visit, report) {
  return async (name, work) => {
    await visit.enter(name);
    const start = clock();
    const result = await work();
    report.phases.push({ name, ms: clock() - start });
    return result;
  };
}

/**
 * @param {Visit} visit
 * @param {Report} report
 * @param {import('./protocol.js').Facts} gpuFacts
 */
async function measureTask({ assignment, ...visit }, report, gpuFacts) {
  const { task, adapter_url, script_urls, asset_urls } = assignment;
  const { target, workload } = task.cell;
  const phase = phaseTimer({ assignment, ...visit }, report);
  /** @type {[{adapter: Adapter}, Record<string, Function>, {inputs: Float32Array, labels: Uint8Array}]} */
  const [{ adapter }, workloads, data] = await Promise.all([import(adapter_url), import(`./workloads/${workload}.js`), fetchData(assignment)]);
  await phase('library_load', () => loadScripts(script_urls));
  Object.assign(report.facts, await phase('backend_init', () => adapter.open(target.backend, asset_urls, target.threads)));
  if (report.facts['backend'] !== target.backend) {
    throw new Failure('fell_back', `asked for ${target.backend}, got ${report.facts['backend']}`);
  }
  await phase('model_load', async () => adapter.build(await fetchNetwork(assignment)));
  /** @type {Workload} */
  const work = /** @type {Function} */ (workloads[workload])(adapter, assignment, data);
  await phase('first', () => work.first(report));
  Object.assign(report.facts, gpuFacts);
  await phase('check', () => work.check(report));
  await measureSteady({ assignment, ...visit }, adapter, work, report);
  await phase('dispose', () => adapter.dispose());
}

/**
 * @param {Visit} visit
 * @param {Adapter} adapter
 * @param {Workload} work
 * @param {Report} report
 */
async function measureSteady({ assignment, enter }, adapter, work, report) {
  const tickMs = calibrateTick(clock);
  report.facts['tick_us'] = Number((tickMs * 1000).toPrecision(3));
  const loop = { clock, tickMs, sampling: assignment.task.sampling, turn: 0 };
  const before = { tensors: adapter.liveTensors?.(), heap: heapBytes() };
  const { metrics } = assignment.task;
  if (metrics.includes('latency')) report.series.push(...(await measureLatency(loop, work.operation, enter)));
  const drain = work.enqueue && adapter.sync ? () => /** @type {() => Promise<void>} */ (adapter.sync)() : null;
  if (metrics.includes('throughput')) report.series.push(...(await measureThroughput(loop, work.enqueue ?? work.operation, drain, enter)));
  const tensors = adapter.liveTensors?.();
  if (before.tensors !== undefined && tensors !== undefined) report.live_tensors = [before.tensors, tensors];
  if (before.heap) report.heap_bytes = [before.heap, heapBytes()];
}

/** @returns {Promise<never>} rejects with the first error that nobody caught */
function uncaught() {
  return new Promise((_, reject) => {
    addEventListener('error', ({ error, message }) => reject(error ?? new Error(message)));
    addEventListener('unhandledrejection', ({ reason }) => reject(reason));
  });
}

/**
 * @param {Visit} visit
 * @param {ReturnType<typeof watchGpu>} watch
 * @returns {Promise<Report>}
 */
async function run(visit, watch) {
  const report = emptyReport(visit.assignment.task.id);
  try {
    await Promise.race([measureTask(visit, report, watch.facts), watch.lost, uncaught()]);
  } catch (error) {
    Object.assign(report, describe(error));
  }
  Object.assign(report.facts, pageFacts(), watch.facts);
  // A report that can't be sent (it breaks the protocol, or is too large) is an outcome too.
  await visit.post(report).catch((error) => visit.post({ ...emptyReport(report.task_id), ...describe(error) }));
  return report;
}

/** @param {string} text */
function say(text, failed = false) {
  const status = /** @type {HTMLElement} */ (document.getElementById('status'));
  status.textContent = text;
  status.classList.toggle('failed', failed);
}

async function main() {
  const watch = watchGpu();
  const token = new URLSearchParams(location.search).get('token');
  if (token) return void (await run(openVisit(token), watch));
  const { showReport, showStyle } = await import('./show.js');
  showStyle();
  const visit = openForPerson((phase) => say(`measuring: ${phase.replace('_', ' ')}`));
  const report = await run(visit, watch);
  say(showReport(visit.assignment, report), report.status !== 'ok');
}

main().catch((error) => say(describe(error).message, true));
