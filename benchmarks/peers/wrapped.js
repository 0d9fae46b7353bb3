// howfar's own adapter, which on loading one's own model first runs its library's own loop over it: in the same page,
// with the same back end, before howfar's measuring begins.

import { tensorsOf } from '/page/tensors.js';
import { loops } from './loops.js';

const of = new URL(import.meta.url).searchParams.get('of');
const { adapter: own } = await import(`/page/frameworks/${of}.js`);
const opened = {};

export const adapter = {
  ...own,

  open(backend, assets, target, modules) {
    Object.assign(opened, { backend, modules, threads: target.threads });
    return own.open(backend, assets, target, modules);
  },

  async loadGraph(urls, inputs) {
    const facts = await own.loadGraph(urls, inputs);
    const { data_url } = JSON.parse(document.getElementById('assignment').textContent);
    const data = await (await fetch(data_url)).arrayBuffer();
    const { mean_ms, median_ms } = await loops[of](urls, tensorsOf(inputs, data, 0), opened);
    return { ...facts, peer_mean_ms: mean_ms, peer_median_ms: median_ms };
  },
};
