// Completes a question while it is written: the server says how it could go on, the browser shows
// it as it shows every list.
'use strict';
{
  const input = document.getElementById('q'), list = document.getElementById('goes-on');
  let asked = 0;
  const complete = async () => {
    const mine = ++asked;
    const query = new URLSearchParams({ q: input.value });
    const answer = await fetch(`/console/ask/suggest?${query}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const options = (await answer.json()).map(([value, means]) => {
      const option = document.createElement('option');
      option.value = value;
      if (means) option.label = `${value} ${means}`;
      return option;
    });
    if (mine === asked) list.replaceChildren(...options);
  };
  input.addEventListener('input', complete);
  input.addEventListener('focus', complete, { once: true });
}
