// What can go wrong, named as the outcome names it.

/** @typedef {import('./protocol.js').Status} Status */

/** A failure that howfar has a name for; any other error is a `page_error`. */
export class Failure extends Error {
  /**
   * @param {Status} status
   * @param {string} message one line: what, and the reason
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const OUT_OF_MEMORY = /out of memory|allocation failed|OUT_OF_MEMORY|could not allocate memory/i;

/**
 * @param {unknown} error
 * @returns {{status: Status, message: string, detail: string}}
 */
export function describe(error) {
  if (!(error instanceof Error)) return { status: 'page_error', message: String(error).slice(0, 2000), detail: '' };
  const status = error instanceof Failure ? error.status : OUT_OF_MEMORY.test(error.message) ? 'out_of_memory' : 'page_error';
  return { status, message: `${error.name}: ${error.message}`.replace(/^Error: /, '').slice(0, 2000), detail: (error.stack ?? '').slice(0, 8000) };
}
