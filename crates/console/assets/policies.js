// Checks policies while they are written. What comes was made and escaped by the server.
'use strict';
{
  const form = document.getElementById('try'), text = document.getElementById('text');
  const place = document.getElementById('sound');
  const WAITS = 400;
  let clock = 0, asked = 0;
  const check = async () => {
    const mine = ++asked;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch('/console/policies/check', { method: 'POST', body })
      .catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const template = document.createElement('template');
    template.innerHTML = await answer.text();
    if (mine === asked) place.replaceChildren(template.content);
  };
  text.addEventListener('input', () => {
    clearTimeout(clock);
    clock = setTimeout(check, WAITS);
  });
}
