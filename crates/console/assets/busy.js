// Keeps a list up to date while something in it is made. What comes was made and escaped by the
// server.
'use strict';
{
  const OFTEN = 1000;
  const list = document.getElementById('list');
  const look = async () => {
    // As a stream asks: that a page is open is no use of a sign-in.
    const headers = { Accept: 'text/event-stream' };
    const answer = await fetch(list.dataset.from, { headers }).catch(() => null);
    if (answer?.redirected) return location.reload();
    if (answer?.ok) {
      const template = document.createElement('template');
      template.innerHTML = await answer.text();
      // Whoever is about to press a button goes on having it.
      const at = list.contains(document.activeElement) && document.activeElement.form?.action;
      list.replaceChildren(template.content);
      if (at) [...list.querySelectorAll('form')].find((one) => one.action === at)?.lastChild.focus();
      if (answer.headers.get('weir-busy') !== 'yes') return undefined;
    }
    setTimeout(look, OFTEN);
    return undefined;
  };
  if (list && 'busy' in list.dataset) setTimeout(look, OFTEN);
}
