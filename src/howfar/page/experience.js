// What a person in front of the page feels while it works: the frames that are drawn, the tasks that hold everything up,
// and how long a press waits. The presses come from outside (probes/inputs.py): a page's own would not count.

/** @typedef {import('./measure.js').Clock} Clock */
/** @typedef {import('./measure.js').Operation} Operation */
/** @typedef {import('./protocol.js').Experience} Experience */
/** @typedef {import('./protocol.js').Stretch} Stretch */
/** @typedef {{at: number, ms: number}} Event when it began by the page's clock, and how long it took */
/** @typedef {{frames: number[], presses: Event[], tasks: Event[] | null, paints: Event[] | null}} Seen null: the browser does not tell */
/** @typedef {{start: number, end: number, operations: number}} Span by the page's clock */

// A hundred frames and more, and some twenty presses; the times are the same in every study, so that all can be compared.
const REST_SECONDS = 2;
const WARMUP_SECONDS = 0.5;
const BUSY_SECONDS = 3;
// What observers tell, and presses that waited behind the last operation, come a moment later.
const SETTLE_SECONDS = 0.25;
// Below this the Event Timing API tells of no press.
const SHORTEST_TOLD_MS = 16;

/** @param {number} seconds */
const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

/**
 * One operation after the other, the event loop let in after each: as a page works that wants its answers soon, and to
 * be used meanwhile.
 * @param {Clock} clock
 * @param {number} seconds after which no operation is begun; there is one at least
 * @param {Operation} operation
 * @returns {Promise<number>} how many were done
 */
export async function work(clock, seconds, operation) {
  const { port1, port2 } = new MessageChannel();
  const turn = () => new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  const end = clock() + seconds * 1000;
  let operations = 0;
  do {
    await operation(operations++);
    await turn();
  } while (clock() < end);
  port1.close();
  return operations;
}

/**
 * @param {Seen} seen
 * @param {Span} span
 * @returns {Stretch} what of all that was seen began within the span
 */
export function stretchOf({ frames, presses, tasks, paints }, { start, end, operations }) {
  const within = (/** @type {number} */ at) => at >= start && at < end;
  const lengths = (/** @type {Event[]} */ events) => events.filter(({ at }) => within(at)).map(({ ms }) => Math.max(0, ms));
  return {
    seconds: (end - start) / 1000,
    operations,
    frame_ms: frames.filter(within).map((at) => at - start),
    input_delay_ms: lengths(presses),
    long_task_ms: tasks && lengths(tasks),
    paint_delay_ms: paints && lengths(paints),
  };
}

/**
 * @param {Clock} clock
 * @returns {{seen: Seen, stop: () => void}} `seen` fills until it is stopped
 */
function watch(clock) {
  /** @type {Seen} */
  const seen = { frames: [], presses: [], tasks: null, paints: null };
  let frame = requestAnimationFrame(function draw() {
    seen.frames.push(clock());
    frame = requestAnimationFrame(draw);
  });
  const press = (/** @type {PointerEvent} */ { timeStamp }) => { seen.presses.push({ at: timeStamp, ms: clock() - timeStamp }); };
  addEventListener('pointerdown', press, { capture: true });
  const tasks = observe('longtask', {}, () => true);
  const paints = observe('event', { durationThreshold: SHORTEST_TOLD_MS }, ({ name }) => name === 'pointerdown');
  return {
    seen,
    stop() {
      cancelAnimationFrame(frame);
      removeEventListener('pointerdown', press, { capture: true });
      seen.tasks = tasks();
      seen.paints = paints();
    },
  };
}

/**
 * @param {string} type
 * @param {object} options
 * @param {(entry: PerformanceEntry) => boolean} wanted
 * @returns {() => Event[] | null} ends the observation, and tells what was seen
 */
function observe(type, options, wanted) {
  if (!globalThis.PerformanceObserver?.supportedEntryTypes.includes(type)) return () => null;
  /** @type {PerformanceEntry[]} */
  const entries = [];
  const observer = new PerformanceObserver((list) => { entries.push(...list.getEntries()); });
  observer.observe({ type, ...options });
  return () => {
    entries.push(...observer.takeRecords());
    observer.disconnect();
    return entries.filter(wanted).map(({ startTime, duration }) => ({ at: startTime, ms: duration }));
  };
}

/**
 * @param {Clock} clock
 * @param {() => Promise<number>} live
 * @returns {Promise<Span>}
 */
async function spanOf(clock, live) {
  const start = clock();
  const operations = await live();
  return { start, end: clock(), operations };
}

/**
 * The page at rest, then at work.
 * @param {Clock} clock
 * @param {(phase: 'rest' | 'warmup' | 'latency') => Promise<void>} enter
 * @param {Operation} operation
 * @param {boolean} slow one operation is warm enough
 * @returns {Promise<Experience>}
 */
export async function measureExperience(clock, enter, operation, slow) {
  const { seen, stop } = watch(clock);
  await enter('rest');
  const rest = await spanOf(clock, () => pause(REST_SECONDS).then(() => 0));
  if (!slow) {
    await enter('warmup');
    await work(clock, WARMUP_SECONDS, operation);
  }
  await enter('latency');
  const busy = await spanOf(clock, () => work(clock, BUSY_SECONDS, operation));
  await pause(SETTLE_SECONDS);
  stop();
  return { rest: stretchOf(seen, rest), busy: stretchOf(seen, busy), inputs_unavailable: '' };
}
