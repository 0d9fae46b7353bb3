// Figures that answer to the pointer, in the inks of the theme and with the rows that pass the filter. Each is drawn when
// it is about to be seen; without this script, and on paper, the page shows the same figures as pictures.

const nights = JSON.parse(document.getElementById('night').textContent);
const PARTS = ['concat', 'hconcat', 'vconcat'];

/** Every object within a value, the outer ones first. */
function* objects(value) {
  if (Array.isArray(value)) for (const one of value) yield* objects(one);
  else if (value && typeof value === 'object') {
    yield value;
    for (const one of Object.values(value)) yield* objects(one);
  }
}

/** The colours of a dark ground in the place of those of a light one. */
const dark = (value) => {
  if (typeof value === 'string') return nights[value] ?? value;
  if (Array.isArray(value)) return value.map(dark);
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, dark(one)]));
};

/** The arrays of rows that a part of a figure draws. */
const tablesOf = (part, datasets) =>
  [...objects(part)].flatMap((one) => {
    const data = one.data;
    if (!data) return [];
    const rows = data.name ? datasets[data.name] : data.values;
    return Array.isArray(rows) ? [rows] : [];
  });

/** Whether there is something to look at: native's lines alone, which are in every panel, are not. */
const bears = (rows) => rows.some((row) => row && typeof row === 'object' && 'edition' in row && row.where !== 'native');

/** Names that no row bears any more, out of scales, legends and orders. */
function without(names, spec) {
  for (const one of objects(spec)) {
    if (Array.isArray(one.domain) && one.domain.some((name) => names.has(name))) {
      const left = one.domain.map((name, place) => [name, one.range?.[place]]).filter(([name]) => !names.has(name));
      one.domain = left.map(([name]) => name);
      if (Array.isArray(one.range)) one.range = left.map(([, range]) => range);
    }
    if (Array.isArray(one.sort)) one.sort = one.sort.filter((name) => !names.has(name));
  }
}

/** Panels without a row left; returns whether anything with rows is still there. */
function emptied(spec, had, datasets) {
  for (const kind of PARTS) {
    if (!spec[kind]) continue;
    spec[kind] = spec[kind].filter((part, place) => emptied(part, had.of(kind, place), datasets));
    return spec[kind].length > 0;
  }
  return !had.rows || tablesOf(spec, datasets).some((rows) => bears(rows));
}

/** What the parts of a figure had before rows were taken away. */
const remembered = (spec, datasets) => ({
  rows: tablesOf(spec, datasets).some(bears),
  of: (kind, place) => remembered(spec[kind][place], datasets),
});

/** A figure with the rows that pass; nothing where none does. */
function filtered(whole, hiding) {
  if (!hiding.size) return whole;
  const spec = structuredClone(whole);
  const gone = new Set();
  const left = new Set();
  const keep = (rows) =>
    rows.filter((row) => {
      const passing = !row || typeof row !== 'object' || passes(row, hiding);
      const name = row?.target ?? row?.cell;
      if (name) (passing ? left : gone).add(name);
      return passing;
    });
  for (const [name, rows] of Object.entries(spec.datasets ?? {})) spec.datasets[name] = keep(rows);
  for (const one of objects(spec)) if (Array.isArray(one.data?.values)) one.data.values = keep(one.data.values);
  for (const name of left) gone.delete(name);
  without(gone, spec);
  if (!emptied(spec, remembered(whole, whole.datasets ?? {}), spec.datasets ?? {})) return null;
  // A selection stays with its panel, or goes to the first that is left.
  const views = [...objects(spec)].filter((one) => one.mark && !one.layer);
  const names = new Set(views.map((view) => view.name));
  for (const param of spec.params ?? []) {
    if (param.views && !param.views.some((view) => names.has(view))) {
      views[0].name = param.views[0];
      names.add(param.views[0]);
    }
  }
  return spec;
}

const figures = new Map();

async function draw(place) {
  const whole = JSON.parse(document.getElementById(place.dataset.spec).textContent);
  const spec = filtered(whole, hidden());
  const words = place.querySelector('img').alt;
  const live = document.createElement('div');
  live.className = 'live';
  figures.get(place)?.finalize();
  figures.delete(place);
  place.querySelector('.live')?.remove();
  place.append(live);
  place.classList.add('drawn');
  place.classList.toggle('partial', spec !== whole);
  if (!spec) {
    live.textContent = 'Nothing of this figure passes the filter.';
    return;
  }
  try {
    // The picture's words stand for the whole figure: its marks by themselves would be hundreds of nameless points.
    live.setAttribute('role', 'img');
    live.setAttribute('aria-label', words);
    const config = { aria: false };
    const { finalize } = await vegaEmbed(live, isDark() ? dark(spec) : spec, { actions: false, renderer: 'svg', config });
    // Marks that no configuration reaches (those of a transformed layer) keep a role of their own, without a name.
    live.querySelector('svg')?.setAttribute('aria-hidden', 'true');
    figures.set(place, { finalize });
  } catch (error) {
    place.classList.remove('drawn');
    live.remove();
    console.error(`${place.dataset.spec} stays a picture`, error);
  }
}

const seen = new Set();
const watching = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watching.unobserve(target);
      seen.add(target);
      draw(target);
    }
  },
  { rootMargin: '400px' },
);
for (const place of document.querySelectorAll('[data-spec]')) watching.observe(place);
addEventListener('howfar:redraw', () => seen.forEach((place) => void draw(place)));
