// Keeps the page of now up to date. What comes is a row that the server made and escaped; here it
// is only put in its place.
'use strict';
{
  const MOST = 200;
  const by = (id) => document.getElementById(id);
  const rows = by('rows'), pause = by('pause'), live = by('live'), word = by('live-word');
  let paused = false;
  let missed = [];
  const parsed = (html) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    return template.content;
  };
  const put = (html) => {
    const row = parsed(html).firstElementChild;
    const before = by(row.id);
    if (before) before.replaceWith(row);
    else {
      row.classList.add('fresh');
      rows.prepend(row);
    }
    while (rows.children.length > MOST) rows.lastElementChild.remove();
    by('no-rows').hidden = true;
  };
  const state = (is) => {
    live.hidden = false;
    live.classList.toggle('live', is === 'live');
    word.textContent = is;
  };
  const query = new URLSearchParams(new FormData(by('filter')));
  const source = new EventSource(`/console/now/events?${query}`);
  source.onopen = () => state(paused ? 'paused' : 'live');
  source.onerror = () => state(source.readyState === EventSource.CLOSED ? 'ended' : 'connecting');
  source.addEventListener('statement', ({ data }) => {
    if (!paused) return put(data);
    missed.push(data);
    missed = missed.slice(-MOST);
    pause.textContent = `Go on (${missed.length})`;
  });
  source.addEventListener('tiles', ({ data }) => by('tiles').replaceChildren(parsed(data)));
  source.addEventListener('sessions', ({ data }) => {
    const body = by('session-rows');
    // Not under the hands of whoever is about to press something in it.
    if (body.contains(document.activeElement)) return;
    body.replaceChildren(parsed(data));
    by('open').textContent = `${body.children.length} open`;
    const none = by('no-sessions');
    if (none) none.hidden = body.children.length > 0;
  });
  // The sign-in is over, or another one.
  source.addEventListener('over', () => {
    source.close();
    location.reload();
  });
  pause.hidden = false;
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
    state(paused ? 'paused' : 'live');
    if (!paused) {
      missed.forEach(put);
      missed = [];
    }
  });
  for (const id of ['q', 'verdict']) by(id).addEventListener('change', () => by('filter').submit());
}
