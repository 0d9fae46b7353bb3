// Threads that do each piece of work together, over one memory: the page is one of them, the others are workers. They
// agree by a few words of that memory, and not by messages, which take as long as a layer of a network.

/** @typedef {'multiply' | 'forward' | 'backward' | 'update' | 'pack' | 'transpose' | 'softmax' | 'update_biases' | 'read' | 'copy' | 'triad' | 'peak'} Kernel */
/** @typedef {Record<Kernel, (...numbers: number[]) => number>} Kernels the exports of the WebAssembly module (howfar.kernels) */

/**
 * @typedef {object} Member
 * @property {number} me 0 is the page
 * @property {number} count
 * @property {Kernels} kernels
 * @property {WebAssembly.Memory} memory
 * @property {() => void} meet returns when all members have come to this point
 */

/** Where these words lie, in 32-bit integers; each on a cache line of its own. */
const COMMANDS = 16;
const ARRIVED = 32;
const MEETINGS = 48;
const WORDS = 64;
const MAX_WORDS = 15;

/** How often a worker looks for its next command before it sleeps: for a tenth of a millisecond or so. */
const LOOKS = 50_000;

/**
 * @param {WebAssembly.Module | null} module null where the team runs plain JavaScript only
 * @param {WebAssembly.Memory} memory
 * @param {number} me
 * @param {number} count
 * @returns {Promise<Member>}
 */
export async function joinTeam(module, memory, me, count) {
  const { exports } = module ? await WebAssembly.instantiate(module, { env: { memory } }) : { exports: {} };
  const control = new Int32Array(memory.buffer, 0, WORDS);
  return { me, count, memory, kernels: /** @type {any} */ (exports), meet: () => meet(control, count) };
}

/**
 * @param {Int32Array} control
 * @param {number} count
 */
function meet(control, count) {
  if (count === 1) return;
  const meeting = Atomics.load(control, MEETINGS);
  if (Atomics.add(control, ARRIVED, 1) === count - 1) {
    Atomics.store(control, ARRIVED, 0);
    Atomics.add(control, MEETINGS, 1);
  } else {
    while (Atomics.load(control, MEETINGS) === meeting);
  }
}

/** @typedef {(member: Member, words: readonly number[]) => void} Program what each member does of a command's work; it ends with `meet` */

/**
 * A worker's life.
 * @param {Member} member
 * @param {(kind: number) => Program} programOf
 */
export function obey(member, programOf) {
  const control = new Int32Array(member.memory.buffer, 0, WORDS);
  const words = new Float64Array(member.memory.buffer, WORDS * 4, MAX_WORDS + 1);
  for (let done = 0; ; done++) {
    for (let looks = 0; looks < LOOKS && Atomics.load(control, COMMANDS) === done; looks++);
    Atomics.wait(control, COMMANDS, done);
    const [kind = 0, ...rest] = words;
    programOf(kind)(member, rest);
  }
}

/** The page's side. */
export class Team {
  /** @type {Worker[]} */
  #workers = [];
  #control;
  #words;

  /** @param {Member} member the page's own */
  constructor(member) {
    this.member = member;
    this.#control = new Int32Array(member.memory.buffer, 0, WORDS);
    this.#words = new Float64Array(member.memory.buffer, WORDS * 4, MAX_WORDS + 1);
  }

  /**
   * @param {WebAssembly.Module | null} module
   * @param {WebAssembly.Memory} memory shared, if the team is more than the page
   * @param {number} count
   * @returns {Promise<Team>}
   */
  static async open(module, memory, count) {
    const team = new Team(await joinTeam(module, memory, 0, count));
    await Promise.all(Array.from({ length: count - 1 }, (_, i) => team.#hire(module, i + 1)));
    return team;
  }

  /**
   * @param {WebAssembly.Module | null} module
   * @param {number} me
   */
  #hire(module, me) {
    const { memory, count } = this.member;
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.#workers.push(worker);
    return new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = ({ message }) => reject(new Error(`a worker of the team: ${message || 'could not be started'}`));
      worker.postMessage({ module, memory, me, count });
    });
  }

  /**
   * All members run a program; returns when all are done.
   * @param {number} kind
   * @param {Program} program of that kind
   * @param {readonly number[]} words
   */
  run(kind, program, words) {
    if (this.#workers.length) {
      this.#words.set([kind, ...words]);
      Atomics.add(this.#control, COMMANDS, 1);
      Atomics.notify(this.#control, COMMANDS);
    }
    program(this.member, words);
  }

  close() {
    this.#workers.forEach((worker) => worker.terminate());
  }
}
