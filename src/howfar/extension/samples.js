// What is kept of the task manager's updates, and which addresses the extension goes to. No call of the browser's here.

/**
 * @typedef {object} Process what chrome.processes tells of a process; fields may be missing
 * @property {number} id the browser's own number
 * @property {number} osProcessId
 * @property {string} type
 * @property {number} [cpu] % of one core since the update before
 * @property {number} [privateMemory] bytes
 * @property {number} [jsMemoryUsed] bytes
 */

/** @typedef {{at_s: number, role: 'page' | 'gpu', pid: number, cpu_percent: number | null, private_bytes: number | null, js_bytes: number | null}} Sample */

/** @type {(value: number | undefined) => number | null} a process is listed before anything is known of it */
const known = (value) => (Number.isFinite(value) && Number(value) >= 0 ? Number(value) : null);
/** @type {(value: number | undefined) => number | null} */
const bytes = (value) => (known(value) === null ? null : Math.round(Number(value)));

/**
 * @param {Record<string, Process>} processes one update
 * @param {number | null} page the browser's number of the tab's process
 * @param {number} at_s
 * @returns {Sample[]} of the tab's process and of the GPU's
 */
export function samplesOf(processes, page, at_s) {
  return Object.values(processes)
    .filter(({ id, type }) => id === page || type === 'gpu')
    .map(({ id, osProcessId, cpu, privateMemory, jsMemoryUsed }) => ({
      at_s, role: id === page ? 'page' : 'gpu', pid: osProcessId,
      cpu_percent: known(cpu), private_bytes: bytes(privateMemory), js_bytes: bytes(jsMemoryUsed),
    }));
}

/**
 * @param {Record<string, Process>} processes
 * @returns {number | null} the system's number of the browser's own process
 */
export function browserPid(processes) {
  return Object.values(processes).find(({ type }) => type === 'browser')?.osProcessId ?? null;
}

/**
 * The local server, and nobody else: the page that says how is served by it.
 * @param {string | undefined} page the address of the page that calls
 * @returns {string | null} the server's origin
 */
export function serverOf(page) {
  if (!page || !URL.canParse(page)) return null;
  const { protocol, hostname, pathname, origin } = new URL(page);
  return protocol === 'http:' && hostname === 'localhost' && pathname === '/extension/' ? origin : null;
}

/**
 * @param {string} url
 * @param {string} server its origin
 * @returns {boolean} whether it is a page of that server, under the name that is the visit's own
 */
export function isPageOf(url, server) {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, pathname } = new URL(url);
  return protocol === 'http:' && hostname.endsWith('.localhost') && port === new URL(server).port && pathname === '/run/';
}
