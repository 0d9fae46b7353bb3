// The figures, plainly, for a person who opened the page. Only here does a page compute a summary; none is sent.

import { median } from './steady.js';

/** @typedef {import('./protocol.js').Assignment} Assignment */
/** @typedef {import('./protocol.js').Report} Report */
/** @typedef {import('./protocol.js').Series} Series */

/** The style sheet is a person's: a page that the runner opened does not wait for it. */
export function showStyle() {
  document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/page/style.css' }));
}

/** @param {number} ms */
const three = (ms) => (ms === 0 ? '0' : ms >= 1000 ? Math.round(ms).toString() : ms.toPrecision(3));

/**
 * @param {string} caption
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(caption, head, rows) {
  const element = document.createElement('table');
  element.createCaption().textContent = caption;
  const add = (/** @type {string[]} */ cells, /** @type {'th' | 'td'} */ tag) => {
    const row = element.insertRow();
    for (const text of cells) row.append(Object.assign(document.createElement(tag), { textContent: text }));
  };
  add(head, 'th');
  rows.forEach((row) => add(row, 'td'));
  return element;
}

/** @param {Series} series */
function seriesRow({ metric, sample_ms, repeats }) {
  const each = Float64Array.from(sample_ms, (ms) => ms / repeats).sort();
  const quantile = (/** @type {number} */ q) => three(/** @type {number} */ (each[Math.min(each.length - 1, Math.floor(q * each.length))]));
  return [metric, three(median(Array.from(each))), quantile(0.1), quantile(0.9), `${each.length} x ${repeats}`];
}

/**
 * @param {Assignment} assignment
 * @param {Report} report
 * @returns {string} the line over the figures
 */
export function showReport({ task }, report) {
  const { target, model, workload } = task.cell;
  const figures = /** @type {HTMLElement} */ (document.getElementById('figures'));
  const timed = report.series.filter(({ stage }) => stage === 'timed');
  figures.append(
    table('Each operation, ms', ['', 'median', 'p10', 'p90', 'samples'], timed.map(seriesRow)),
    table('Once, ms', ['', ''], report.phases.filter(({ name }) => !['check', 'warmup'].includes(name)).map(({ name, ms }) => [name.replace('_', ' '), three(ms)])),
    table('Found', ['', ''], Object.entries(report.facts).map(([name, value]) => [name.replaceAll('_', ' '), String(value)])),
  );
  const what = `${target.framework} ${target.version} · ${target.backend} · ${model.name || `${model.kind}(${model.depth}, ${model.width})`} · ${workload}`;
  return report.status === 'ok' ? what : `${what}\n${report.status.replaceAll('_', ' ')}: ${report.message}`;
}
