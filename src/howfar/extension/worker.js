// The extension: the page that says how hands it the server's address and the run's token, then it goes its way.

import { Life } from './life.js';
import { serverOf } from './samples.js';

/**
 * @typedef {object} Port
 * @property {{url?: string}} [sender]
 * @property {(message: object) => void} postMessage
 * @property {{addListener: (listener: (message: {token: string}) => void) => void}} onMessage
 */

/** @typedef {(processes: Record<string, import('./samples.js').Process>) => void} Listener */
/** @typedef {{addListener: (listener: Listener) => void, removeListener: (listener: Listener) => void}} Updates */

/** @type {import('./life.js').Browser & {processes?: {onUpdatedWithMemory: Updates}, runtime: {onConnectExternal: {addListener: (listener: (port: Port) => void) => void}}}} */
const chrome = /** @type {any} */ (globalThis).chrome;

const FIRST_UPDATES_MS = 10_000;

/** @type {{life: Life, token: string} | null} */
let current = null;
/** @type {Port | null} the page that says how, which is told what goes on */
let page = null;
let what = '';

/** @returns {Promise<string>} the browser's whole version, such as 156.0.8078.79 */
async function browserVersion() {
  const { userAgentData } = /** @type {any} */ (navigator);
  const { fullVersionList = [] } = (await userAgentData?.getHighEntropyValues(['fullVersionList'])) ?? {};
  const own = fullVersionList.find((/** @type {{brand: string}} */ { brand }) => brand === 'Chromium');
  return own?.version ?? /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1] ?? '';
}

/**
 * @param {string} server
 * @param {string} token
 * @returns {import('./life.js').Post}
 */
function postTo(server, token) {
  const headers = { 'x-howfar-token': token, 'content-type': 'application/json' };
  return async (what, message) => {
    const answer = await fetch(`${server}/extension/${what}`, { method: 'POST', headers, body: JSON.stringify(message) });
    if (!answer.ok) throw new Error(`${what} was answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
}

/**
 * @param {string} server
 * @param {string} token
 */
async function live(server, token) {
  const life = new Life(chrome, server, postTo(server, token), { say: tell });
  if (current) current.life.over = true;
  current = { life, token };
  const note = (/** @type {Parameters<Listener>[0]} */ processes) => void life.note(processes);
  chrome.processes?.onUpdatedWithMemory.addListener(note);
  tell('waiting for the task manager');
  life.version = await browserVersion();
  await life.untilSampling(FIRST_UPDATES_MS);
  tell('');
  await life.untilOver();
  chrome.processes?.onUpdatedWithMemory.removeListener(note);
  if (current?.life !== life) return;
  tell('');
  current = null;
}

/** @param {string} text what goes on */
function tell(text) {
  what = text;
  if (!current) return;
  const { pages, unavailable, over } = current.life;
  try {
    page?.postMessage({ what, pages, unavailable, over });
  } catch {
    page = null; // it was closed: nobody needs to be told
  }
}

chrome.runtime.onConnectExternal.addListener((port) => {
  const server = serverOf(port.sender?.url);
  port.onMessage.addListener(({ token }) => {
    if (!server) return;
    page = port;
    if (token === current?.token) tell(what);
    else void live(server, token);
  });
});
