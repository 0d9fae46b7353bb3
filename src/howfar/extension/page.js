// The page that says how. It is served by the run's server, and hands its address and token to the extension.

/** @typedef {{what: string, pages: number, unavailable: string, over: boolean}} Message */

/**
 * @typedef {object} Port
 * @property {(message: object) => void} postMessage
 * @property {{addListener: (listener: (message: Message) => void) => void}} onMessage
 * @property {{addListener: (listener: () => void) => void}} onDisconnect
 */

const AGAIN_MS = 1000;

const extension = document.querySelector('script[data-extension]')?.getAttribute('data-extension') ?? '';
const token = new URLSearchParams(location.search).get('token') ?? '';

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

let over = false;

/** @param {Message} message */
function show({ what, pages, unavailable, over: ended }) {
  over ||= ended;
  element('how').hidden = true;
  element('run').hidden = false;
  element('status').textContent = over ? 'The run is over: this page and the extension are no longer needed.' : 'The extension is there.';
  element('what').textContent = what || 'nothing';
  element('pages').textContent = String(pages);
  element('sampling').textContent = unavailable ? `not sampled: ${unavailable}` : 'sampled once a second';
}

function sayHow() {
  element('how').hidden = false;
  element('run').hidden = true;
  element('status').textContent = 'The extension is not here yet.';
}

function connect() {
  // Only where an extension may be called is there such a thing; to a page that was opened before, it comes by reloading.
  const runtime = /** @type {{connect?: (id: string) => Port} | undefined} */ (/** @type {any} */ (globalThis).chrome?.runtime);
  if (!runtime?.connect) {
    sayHow();
    setTimeout(() => location.reload(), 2 * AGAIN_MS);
    return;
  }
  const port = runtime.connect(extension);
  port.onMessage.addListener(show);
  port.onDisconnect.addListener(() => {
    if (over) return;
    sayHow();
    setTimeout(connect, AGAIN_MS);
  });
  port.postMessage({ token });
}

connect();
