// The filter: which frameworks, back ends and browsers are shown. What is chosen stands in the page's address, beside
// the section that it names: #training_time&backend=wasm,webgl. What belongs to no target is always shown.

const FIELDS = { framework: 'edition', backend: 'backend', browser: 'where' };
const form = document.querySelector('form.filter');
const boxes = form ? [...form.querySelectorAll('input[type=checkbox]')] : [];

/** Field -> the values that are hidden. */
const hidden = () => {
  const found = new Map();
  for (const box of boxes) {
    if (!box.checked) found.set(FIELDS[box.name], (found.get(FIELDS[box.name]) ?? new Set()).add(box.value));
  }
  return found;
};

/** Whether what bears these values is shown: a row of a figure, or an element's data. */
const passes = (who, without) => [...without].every(([field, values]) => !values.has(who[field]));

function show() {
  const without = hidden();
  const whose = [...Object.values(FIELDS)].map((field) => `[data-${field}]`).join();
  for (const one of document.querySelectorAll(whose)) one.classList.toggle('filtered', !passes(one.dataset, without));
  const left = boxes.filter((box) => box.checked).length;
  form.querySelector('[role=status]').textContent =
    left === boxes.length ? 'all targets are shown' : `${boxes.length - left} of ${boxes.length} choices are hidden`;
  dispatchEvent(new Event('howfar:redraw'));
}

const section = () => location.hash.slice(1).split('&').find((part) => part && !part.includes('=')) ?? '';

function write() {
  const parts = [section()].filter(Boolean);
  for (const name of Object.keys(FIELDS)) {
    const own = boxes.filter((box) => box.name === name);
    const chosen = own.filter((box) => box.checked);
    if (chosen.length < own.length) parts.push(`${name}=${chosen.map((box) => encodeURIComponent(box.value)).join()}`);
  }
  history.replaceState(null, '', parts.length ? `#${parts.join('&')}` : location.pathname + location.search);
}

/** From the address; a filter that it does not name shows all, a value that is unknown is passed over. */
function read() {
  const asked = new Map(location.hash.slice(1).split('&').map((part) => part.split('=')));
  for (const box of boxes) {
    const values = asked.get(box.name)?.split(',').map(decodeURIComponent);
    box.checked = values === undefined || values.includes(box.value);
  }
  form.querySelector('details').open = boxes.some((box) => !box.checked);
  show();
}

const go = (id) => {
  const there = document.getElementById(id);
  there?.scrollIntoView();
  return Boolean(there);
};

if (form) {
  form.hidden = false;
  form.addEventListener('change', () => {
    write();
    show();
  });
  form.addEventListener('reset', () => {
    for (const box of boxes) box.checked = true;
    write();
    show();
  });
  addEventListener('hashchange', read);
  // A link to a section keeps what is chosen.
  document.querySelector('nav').addEventListener('click', (event) => {
    const id = event.target.closest('a')?.getAttribute('href');
    if (!id?.startsWith('#') || !boxes.some((box) => !box.checked)) return;
    event.preventDefault();
    const rest = location.hash.slice(1).split('&').filter((part) => part.includes('='));
    history.pushState(null, '', [id, ...rest].join('&'));
    go(id.slice(1));
  });
  read();
  if (location.hash.includes('=') && section()) go(section());
}
