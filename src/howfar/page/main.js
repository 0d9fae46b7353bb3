// The life of a page: ask what to do, load the library, measure, post the report. One page, one task.

import { watchGpu } from './backends.js';
import { fetchData, fetchNetwork, loadModules, loadScripts } from './load.js';
import { calibrateTick, DRAINED_MS, measureEach, measureThroughput } from './measure.js';
import { describe, Failure, SCHEMA } from './protocol.js';
import { measurePublished } from './published.js';
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
 * @returns {<T>(name: PhaseName, work: (reached: (part: PhaseName) => void) => T | Promise<T>) => Promise<T>} runs and
 *   times one phase; what the work has `reached` on its way is a phase of its own, from the same start
 */
function phaseTimer(visit, report) {
  return async (name, work) => {
    await visit.enter(name);
    const start = clock();
    const result = await work((part) => { report.phases.push({ name: part, ms: clock() - start }); });
    report.phases.push({ name, ms: clock() - start });
    return result;
  };
}

/** @typedef {{inputs: Float32Array, labels: Uint8Array}} Data */

/**
 * The adapter here, or one that asks it in a worker. What few tasks need is loaded for them alone.
 * @param {Assignment['task']} task
 * @param {string} adapter_url
 */
async function moduleOf({ cell: { target, workload } }, adapter_url) {
  if (target.switch !== 'thread=worker') return import(adapter_url);
  if (workload === 'training') throw new Failure('unsupported', 'in a worker it only predicts');
  return (await import('./in_worker.js')).inWorker(adapter_url);
}

/**
 * @param {Visit} visit
 * @param {Report} report
 * @param {import('./protocol.js').Facts} gpuFacts
 */
async function measureTask(visit, report, gpuFacts) {
  const { task, adapter_url } = visit.assignment;
  const { observe, model } = task.cell;
  const workload = model.kind === 'graph' ? 'graph' : task.cell.workload;
  const watched = observe === 'processes' ? (await import('./memory.js')).watchMemory(visit, report) : null;
  /** @type {[{adapter: Adapter}, Record<string, Function>, Data]} */
  const [{ adapter }, workloads, data] = await Promise.all([moduleOf(task, adapter_url), import(`./workloads/${workload}.js`), fetchData(visit.assignment)]);
  const makeOwn = () => /** @type {Function} */ (workloads[workload])(adapter, visit.assignment, data);
  const makeWork = async () => (watched ? watched.work(await makeOwn()) : makeOwn());
  try {
    await measureAdapter(adapter, makeWork, watched?.visit ?? visit, report, gpuFacts);
  } catch (error) {
    const lacking = error instanceof Error && adapter.lacks?.(error.message);
    throw lacking ? new Failure('unsupported', lacking) : error;
  }
}

/**
 * @param {Adapter} adapter
 * @param {() => Workload | Promise<Workload>} makeWork
 * @param {Visit} visit
 * @param {Report} report
 * @param {import('./protocol.js').Facts} gpuFacts
 */
async function measureAdapter(adapter, makeWork, visit, report, gpuFacts) {
  const { task, script_urls, module_urls, asset_urls } = visit.assignment;
  const { target } = task.cell;
  const phase = phaseTimer(visit, report);
  const modules = await phase('library_load', () => Promise.resolve((adapter.loadLibrary ?? loadScripts)(script_urls)).then(() => loadModules(module_urls)));
  Object.assign(report.facts, await phase('backend_init', () => adapter.open(target.backend, asset_urls, target, modules)));
  if (report.facts['backend'] !== target.backend) {
    throw new Failure('fell_back', `asked for ${target.backend}, got ${report.facts['backend']}`);
  }
  Object.assign(report.facts, await phase('model_load', (reached) => makeModel(adapter, visit.assignment, () => reached('bare_load'))));
  const work = await makeWork();
  const protocol = task.protocol.startsWith('published') ? measureAsPublished : measureCorrected;
  await protocol(visit, adapter, work, report, phase);
  Object.assign(report.facts, gpuFacts);
  await phase('dispose', () => adapter.dispose());
  Object.assign(report.facts, await adapter.afterwards?.());
}

/** @typedef {ReturnType<typeof phaseTimer>} PhaseTimer */

/**
 * The first operation and the checks, then what is steady.
 * @param {Visit} visit
 * @param {Adapter} adapter
 * @param {Workload} work
 * @param {Report} report
 * @param {PhaseTimer} phase
 */
async function measureCorrected(visit, adapter, work, report, phase) {
  const { sampling } = visit.assignment.task;
  await phase('first', () => work.first(report));
  const slow = await phase('check', () => checkUntilSlow(work, report, sampling));
  if (slow || loadedSlowly(visit.assignment.task, report)) report.facts['slow'] = true;
  await noteGrowth(adapter, report, () => measureSteady(visit, adapter, work, report));
}

/**
 * The paper's pass over a fresh model; what is right is asked only then, where the pass did not tell it.
 * @param {Visit} visit
 * @param {Adapter} adapter
 * @param {Workload} work
 * @param {Report} report
 * @param {PhaseTimer} phase
 */
async function measureAsPublished({ assignment, enter }, adapter, { published, ...work }, report, phase) {
  const { sampling } = assignment.task;
  if (!published) throw new Failure('unsupported', 'the published protocol knew no such workload');
  await noteGrowth(adapter, report, () => measurePublished(clock, sampling, published, report, enter));
  const slow = published.keep ? report.losses.length < work.checks : await phase('check', async () => {
    await work.first(report);
    return checkUntilSlow(work, report, sampling);
  });
  if (slow) report.facts['slow'] = true;
}

/**
 * A model that is ready: one's own, or built with the study's weights, or loaded from the framework's own saved files
 * where loading is the task, or where the framework takes its model in no other way.
 * @param {Adapter} adapter
 * @param {Assignment} assignment
 * @param {() => void} bareLoaded
 */
async function makeModel(adapter, assignment, bareLoaded) {
  if (assignment.task.cell.model.kind === 'graph') return loadGraph(adapter, assignment);
  if (assignment.task.cell.workload !== 'loading' && adapter.build) return adapter.build(await fetchNetwork(assignment));
  if (!adapter.load) throw new Failure('unsupported', 'its adapter loads no saved model');
  return adapter.load(assignment.model_urls, bareLoaded);
}

/**
 * @param {Adapter} adapter
 * @param {Assignment} assignment
 */
function loadGraph({ loadGraph: load }, { model_urls, inputs }) {
  if (!load) throw new Failure('unsupported', "its adapter loads no model of one's own");
  return load(model_urls, inputs);
}

/**
 * @param {Pick<Workload, 'check' | 'checks'>} work
 * @param {Report} report
 * @param {import('./protocol.js').Sampling} sampling
 * @returns {Promise<boolean>} whether an operation took longer than `slow_seconds`; there is no further check then
 */
async function checkUntilSlow(work, report, { slow_seconds }) {
  for (let turn = 1; turn < work.checks; turn++) {
    const start = clock();
    await work.check(report, turn);
    if (clock() - start > slow_seconds * 1000) return true;
  }
  return false;
}

/**
 * Whether the task is to load a model, and it took longer than `slow_seconds` to come by the first.
 * @param {Assignment['task']} task
 * @param {Report} report
 */
function loadedSlowly({ cell, sampling }, { phases }) {
  const first = phases.find(({ name }) => name === 'model_load');
  return cell.workload === 'loading' && first !== undefined && first.ms > sampling.slow_seconds * 1000;
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
  if (assignment.task.cell.observe === 'experience') {
    const { measureExperience } = await import('./experience.js');
    report.experience = await measureExperience(clock, enter, operationOf(work, 'latency'), report.facts['slow'] === true);
    return;
  }
  const floorMs = work.drained ? DRAINED_MS : 0;
  const loop = { clock, tickMs, floorMs, sampling: assignment.task.sampling, slow: report.facts['slow'] === true, turn: 0 };
  const drain = (work.enqueue || work.drained) && adapter.sync ? () => /** @type {() => Promise<void>} */ (adapter.sync)() : null;
  for (const metric of assignment.task.metrics) {
    if (metric === 'throughput') {
      report.series.push(...await measureThroughput(loop, work.enqueue ?? operationOf(work, 'latency'), drain, enter));
    } else if (work.drained) {
      report.series.push(...await measureThroughput(loop, operationOf(work, metric), drain, enter, metric));
    } else {
      report.series.push(...await measureEach(loop, metric, operationOf(work, metric), enter));
    }
  }
}

/**
 * What the timed operations left behind: live tensors and heap, before them and after.
 * @param {Adapter} adapter
 * @param {Report} report
 * @param {() => Promise<void>} measure
 */
async function noteGrowth(adapter, report, measure) {
  const before = { tensors: adapter.liveTensors?.(), heap: heapBytes() };
  await measure();
  const tensors = adapter.liveTensors?.();
  if (before.tensors !== undefined && tensors !== undefined) report.live_tensors = [before.tensors, tensors];
  if (before.heap) report.heap_bytes = [before.heap, heapBytes()];
}

/**
 * @param {Workload} work
 * @param {import('./protocol.js').SteadyMetric} metric
 */
function operationOf(work, metric) {
  const operation = work.operations[metric];
  if (!operation) throw new Failure('unsupported', `this workload has no ${metric}`);
  return operation;
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
