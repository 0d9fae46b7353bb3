// The extension's life during a run: it asks the server which page is to be open, opens and closes tabs, and uploads
// what it sampled of each. What it would have to remember, the server does: it may be stopped by the browser at any time.

import { browserPid, isPageOf, samplesOf } from './samples.js';

/** @typedef {import('./samples.js').Process} Process */
/** @typedef {import('./samples.js').Sample} Sample */

/**
 * @typedef {object} Browser what the extension calls
 * @property {{create: (what: {url: string, active: boolean}) => Promise<{id?: number}>, remove: (tab: number) => Promise<void>}} tabs
 * @property {{getProcessIdForTab: (tab: number) => Promise<number>}} [processes]
 * @property {{getPlatformInfo: () => Promise<unknown>}} runtime
 */

/** @typedef {{task: string, url: string, what: string, tab: number | null, since_ms: number, ended: boolean}} Wanted */
/** @typedef {(what: 'next' | 'samples', message: object) => Promise<any>} Post */

const SCHEMA = 3;
// Of a page that never ends: a day's updates.
const MOST_SAMPLES = 90_000;
// Times, a second apart: longer than a server takes to see that an earlier life is over.
const GIVE_UP = 30;

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class Life {
  /** @type {{task: string, tab: number | null, since_ms: number, samples: Sample[]}} the page that is open */
  held = { task: '', tab: null, since_ms: 0, samples: [] };
  /** Why there are no samples; nothing where there are. */
  unavailable = '';
  pages = 0;
  /** The browser's. */
  version = '';
  updates = 0;
  /** @type {number | null} */
  browserPid = null;
  over = false;

  /**
   * @param {Browser} browser
   * @param {string} server its origin
   * @param {Post} post
   * @param {{say?: (text: string) => void, pause?: (ms: number) => Promise<unknown>}} rest
   */
  constructor(browser, server, post, { say = () => {}, pause = sleep }) {
    this.browser = browser;
    this.server = server;
    this.post = post;
    this.say = say;
    this.pause = pause;
    this.id = crypto.randomUUID();
  }

  /**
   * An update of the task manager.
   * @param {Record<string, Process>} processes
   */
  async note(processes) {
    this.updates += 1;
    this.browserPid = browserPid(processes);
    const { held } = this;
    if (held.tab === null || held.samples.length > MOST_SAMPLES) return;
    const at_s = (Date.now() - held.since_ms) / 1000;
    // Asked each time: a tab's process can be another after a navigation, and there is none after a crash.
    const page = await this.browser.processes?.getProcessIdForTab(held.tab).catch(() => null);
    held.samples.push(...samplesOf(processes, page ?? null, at_s));
  }

  /**
   * The task manager's first cycle takes 2 to 4 s; a page that gets busy meanwhile holds it up until it is idle again.
   * @param {number} mostMs
   */
  async untilSampling(mostMs) {
    if (!this.browser.processes) this.unavailable = 'this browser has no chrome.processes';
    for (let waited = 0; !this.unavailable && this.updates < 2; waited += 50) {
      if (waited >= mostMs) this.unavailable = `chrome.processes told nothing for ${mostMs / 1000} s`;
      await this.pause(50);
    }
  }

  /** Until the run is over, or its server gone. */
  async untilOver() {
    let failures = 0;
    while (!this.over && failures < GIVE_UP) {
      try {
        const wanted = await this.ask();
        failures = 0;
        if (wanted.ended) this.over = true;
        if (wanted.task !== this.held.task) await this.turnTo(wanted);
      } catch (error) {
        failures += 1;
        this.say(`trying again: ${error}`);
        await this.pause(1000);
      }
    }
    this.over = true;
  }

  /** @returns {Promise<Wanted>} when it is another page than the one that is open, or after some seconds */
  async ask() {
    const { held: { task, tab }, id, unavailable, browserPid: browser_pid, version } = this;
    // The browser stops a worker that has called nothing of it for 30 s; waiting for an answer is no call.
    await this.browser.runtime.getPlatformInfo();
    return this.post('next', { life: id, task, tab, unavailable, browser_pid, browser_version: version, schema: SCHEMA });
  }

  /** @param {Wanted} wanted */
  async turnTo(wanted) {
    if (this.held.task) await this.close();
    if (wanted.task) await this.open(wanted);
    else this.say('');
  }

  /** @param {Wanted} wanted with a tab where an earlier life of this extension opened it */
  async open({ task, url, what, tab, since_ms }) {
    if (!isPageOf(url, this.server)) throw new Error(`${url} is no page of ${this.server}`);
    this.pages += 1;
    this.say(what);
    const opened = tab ?? (await this.browser.tabs.create({ url, active: true })).id ?? null;
    this.held = { task, tab: opened, since_ms, samples: [] };
  }

  /** The tab goes whatever has become of its page, and what was sampled of it is uploaded. */
  async close() {
    const { task, tab, samples } = this.held;
    this.held = { task: '', tab: null, since_ms: 0, samples: [] };
    const removed = tab === null ? null : this.browser.tabs.remove(tab).catch(() => {});
    await this.post('samples', { task, samples: { samples, unavailable: this.unavailable }, schema: SCHEMA });
    await removed;
  }
}
