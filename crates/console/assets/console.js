// What every page has. Everything works without it, but for being asked first.
'use strict';
addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.ask && !confirm(form.dataset.ask)) event.preventDefault();
  // Pressed twice is meant once.
  else if (form.method === 'post') {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'yes';
  }
});
// A page that comes back from the browser's memory may be pressed again.
addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent;
});
