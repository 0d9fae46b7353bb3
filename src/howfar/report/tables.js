// Tables that sort by a press on a column's head, rows that are found by their words, and what is folded, on paper.

/** A cell sorts by its number where it has one, else by its text; cells without a number come last either way. */
const valueOf = (row, column) => {
  const cell = row.cells[column];
  if (!cell) return NaN;
  return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value === '' ? NaN : Number(cell.dataset.value);
};

const compare = (a, b) => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  if (typeof a === 'string' || typeof b === 'string') return String(a).localeCompare(String(b), undefined, { numeric: true });
  return a - b;
};

function sortBy(header, column) {
  const body = header.closest('table').tBodies[0];
  const falling = header.getAttribute('aria-sort') === 'ascending';
  for (const other of header.parentElement.cells) other.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
  const known = (row) => !Number.isNaN(valueOf(row, column));
  const order = (a, b) => (known(a) && known(b) && falling ? -1 : 1) * compare(valueOf(a, column), valueOf(b, column));
  body.append(...[...body.rows].sort(order));
}

for (const table of document.querySelectorAll('table[data-sortable]')) {
  for (const [column, header] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...header.childNodes);
    button.addEventListener('click', () => sortBy(header, column));
    header.append(button);
  }
}

for (const field of document.querySelectorAll('input[data-filters]')) {
  const rows = [...document.getElementById(field.dataset.filters).tBodies[0].rows];
  const words = rows.map((row) => row.textContent.toLowerCase());
  field.hidden = false;
  field.addEventListener('input', () => {
    const asked = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [place, row] of rows.entries()) row.hidden = !asked.every((word) => words[place].includes(word));
  });
}

/** What is folded can't be unfolded on paper. @type {HTMLDetailsElement[]} */
let unfolded = [];
addEventListener('beforeprint', () => {
  unfolded = [...document.querySelectorAll('main details:not([open])')];
  for (const details of unfolded) details.open = true;
});
addEventListener('afterprint', () => {
  for (const details of unfolded) details.open = false;
});
