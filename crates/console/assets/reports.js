// Keeps the list of reports up to date while one is made. What comes was made and escaped by the
// server.
'use strict';
{
  const OFTEN = 1000;
  const list = document.getElementById('list');
  const look = async () => {
    // As a stream asks: that a page is open is no use of a sign-in.
    const headers = { Accept: 'text/event-stream' };
    const answer = await fetch('/console/reports/list', { headers }).catch(() => null);
    if (answer?.redirected) return location.reload();
    if (answer?.ok) {
      const template = document.createElement('template');
      template.innerHTML = await answer.text();
      list.replaceChildren(template.content);
      if (answer.headers.get('weir-busy') !== 'yes') return undefined;
    }
    setTimeout(look, OFTEN);
    return undefined;
  };
  if ('busy' in list.dataset) setTimeout(look, OFTEN);
}
