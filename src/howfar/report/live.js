// The live page: waits for the run to tell what has happened since, and shows it. A question is open all the time and is
// answered when a task is over.

const byId = (id) => document.getElementById(id);
const rows = [];
let known = 0;

function showRun(news) {
  byId('done').textContent = `${news.done.toLocaleString('en')} of ${news.total.toLocaleString('en')}`;
  byId('left').textContent = news.over ? 'the run is over' : `${news.left} left`;
  byId('before').textContent = news.before ? `${news.before.toLocaleString('en')} were measured before` : '';
  byId('failed').textContent = news.failed.toLocaleString('en');
  byId('state').textContent = news.over ? 'Over' : 'Now';
  byId('now').textContent = news.over ? news.over : news.now || '…';
  byId('bar').value = news.total ? news.done / news.total : 0;
  for (const reason of news.reasons) {
    const item = document.createElement('li');
    item.textContent = reason;
    byId('reasons').append(item);
    byId('nothing').hidden = true;
  }
  if (!news.rows.length) return;
  rows.push(...news.rows);
  const spec = JSON.parse(byId('spec-live').textContent);
  spec.datasets.rows = rows;
  byId('spec-live').textContent = JSON.stringify(spec);
  byId('none').hidden = true;
  byId('live').hidden = false;
  if (seen.has(byId('live'))) draw(byId('live'));
}

async function follow() {
  for (;;) {
    const answer = await fetch(`/live/news?after=${known}`);
    if (!answer.ok) throw new Error(`the run answered ${answer.status}`);
    const news = await answer.json();
    known = news.number;
    showRun(news);
    if (news.over) return;
  }
}

follow().catch(() => {
  byId('state').textContent = 'Lost';
  byId('now').textContent = 'The run does not answer any more: it has ended, or was stopped. What it measured is kept.';
});
