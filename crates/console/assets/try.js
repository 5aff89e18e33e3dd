// Tries a statement without leaving its page: the answer is the page, of which one part is taken.
// Where that does not come, the form goes its own way, and what went wrong is a page of its own.
'use strict';
addEventListener('submit', async (event) => {
  const form = event.target;
  if (form.id !== 'try' || event.defaultPrevented) return;
  event.preventDefault();
  form.querySelector('button').disabled = true;
  form.querySelector('#trying').hidden = false;
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.action, { method: 'POST', body }).catch(() => null);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), 'text/html');
  const part = page && page.getElementById('effect');
  if (!part) return form.submit();
  document.getElementById('effect').replaceChildren(...part.childNodes);
});
