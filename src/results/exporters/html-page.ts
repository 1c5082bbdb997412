/** Style and script of an exported page. The page is self-contained, and its policy blocks everything else. */
import { createHash } from 'node:crypto';

export const style = `
:root { color-scheme: light dark; --line: light-dark(#d9dde3, #3a3f47); --head: light-dark(#f3f5f8, #23272e);
  --stripe: light-dark(#fafbfc, #1b1e23); --muted: light-dark(#667085, #98a2b3); --link: light-dark(#1f5fbf, #7db0ff); }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; background: light-dark(#fff, #16181c); color: light-dark(#1d2430, #e6e8eb); }
header { position: sticky; left: 0; display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: baseline; padding: 1rem; }
h1 { margin: 0; font-size: 1.25rem; }
p { margin: 0; color: var(--muted); flex: 1; }
input { font: inherit; padding: .35rem .6rem; border: 1px solid var(--line); border-radius: .4rem; background: transparent; color: inherit; }
table { border-collapse: separate; border-spacing: 0; min-width: 100%; }
th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { position: sticky; top: 0; padding: 0; background: var(--head); }
th:first-child, td:first-child { color: var(--muted); text-align: right; }
th button, th:first-child { padding: .5rem .7rem; font: inherit; font-weight: 600; }
th button { width: 100%; border: 0; background: none; color: inherit; text-align: inherit; white-space: nowrap; cursor: pointer; }
th button::after { content: '\\2195'; padding-left: .4rem; opacity: .3; }
th[aria-sort] button::after { content: '\\2191'; opacity: 1; }
th[aria-sort=descending] button::after { content: '\\2193'; }
tbody tr:nth-child(even) { background: var(--stripe); }
td { max-width: 32rem; white-space: pre-wrap; overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
a { color: var(--link); }
code { font-size: .9em; }
.long { max-height: 7.25em; overflow: hidden; cursor: zoom-in; mask: linear-gradient(#000 70%, transparent); }
.long.open { max-height: none; cursor: auto; mask: none; }
.picture { padding: 0; border: 1px solid var(--line); border-radius: .3rem; background: none; cursor: zoom-in; }
.picture img { display: block; width: 160px; height: 100px; object-fit: cover; object-position: top; border-radius: .3rem; }
dialog { padding: 0; border: 0; max-width: 95vw; max-height: 95vh; overflow: auto; cursor: zoom-out; }
dialog::backdrop { background: #000a; }
dialog img { display: block; max-width: 100%; }
@media print { header input { display: none; } th { position: static; } }
`;

export const script = `
const body = document.querySelector('tbody');
const rows = [...body.rows];
const heads = [...document.querySelectorAll('th')];
const order = new Intl.Collator(undefined, { numeric: true }).compare;
function sortBy(head) {
  const next = { ascending: 'descending', descending: '' }[head.getAttribute('aria-sort')] ?? 'ascending';
  for (const other of heads) other.removeAttribute('aria-sort');
  let sorted = rows;
  if (next) {
    head.setAttribute('aria-sort', next);
    const sign = next === 'ascending' ? 1 : -1;
    const keyed = rows.map((row) => {
      const cell = row.cells[head.cellIndex];
      return { row, text: cell.textContent, number: cell.className === 'number' ? Number(cell.textContent) : NaN };
    });
    keyed.sort((a, b) => {
      if (a.text === '' || b.text === '') return (a.text === '') - (b.text === '');
      const difference = a.number - b.number;
      return sign * (Number.isNaN(difference) ? order(a.text, b.text) : difference);
    });
    sorted = keyed.map(({ row }) => row);
  }
  for (const row of sorted) body.append(row);
}
for (const head of heads) head.querySelector('button')?.addEventListener('click', () => sortBy(head));
const dialog = document.querySelector('dialog');
dialog.addEventListener('click', () => dialog.close());
function open(target) {
  const picture = target.closest('.picture');
  if (picture) {
    dialog.querySelector('img').src = picture.querySelector('img').src;
    dialog.showModal();
  } else if (!target.closest('a') && getSelection().isCollapsed) target.closest('.long')?.classList.toggle('open');
}
body.addEventListener('click', ({ target }) => open(target));
body.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Enter' && target.matches('.long')) open(target);
});
document.querySelector('input').addEventListener('input', ({ target }) => {
  const word = target.value.toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(word);
});
`;

const scriptHash = createHash('sha256').update(script).digest('base64');

export const contentSecurityPolicy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'`;
