// What a library says on the console: where that is the only place that it says it.

const METHODS = /** @type {const} */ (['log', 'info', 'debug', 'warn', 'error']);

/** @type {string[] | null} */
let heard = null;

/** Has to come before the library starts: compiled code keeps the console's functions that it found then. */
export function listen() {
  for (const method of METHODS) {
    const say = console[method].bind(console);
    console[method] = (...words) => void (heard ? heard.push(words.join(' ')) : say(...words));
  }
}

/**
 * @template Result
 * @param {() => Promise<Result>} work
 * @returns {Promise<{result: Result, lines: string[]}>} what came of it, and all that was said meanwhile, which the
 *   console does not get to see
 */
export async function hearing(work) {
  /** @type {string[]} */
  const lines = (heard = []);
  try {
    return { result: await work(), lines };
  } finally {
    heard = null;
  }
}
