// Replays a session: shows one statement after the other, in the time it took, or as the reader
// likes. All of it stands on the page; this only hides what has not come yet.
'use strict';
{
  // Nobody waits longer than this for the next one, and nothing comes too fast to be seen.
  const LONGEST = 2000, SHORTEST = 300;
  const by = (id) => document.getElementById(id);
  const list = by('replay'), play = by('play');
  if (list) {
    const steps = [...list.children];
    let at = steps.length, clock = 0;
    const tell = () => (by('place').textContent = `${at} of ${steps.length}`);
    const show = (upto) => {
      at = Math.max(1, Math.min(upto, steps.length));
      steps.forEach((step, index) => {
        step.hidden = index >= at;
        step.classList.toggle('current', index === at - 1);
      });
      tell();
      steps[at - 1].scrollIntoView({ block: 'nearest' });
    };
    const stop = () => {
      clearTimeout(clock);
      clock = 0;
      play.textContent = 'Play';
      play.setAttribute('aria-pressed', 'false');
    };
    const next = () => {
      if (at >= steps.length) return stop();
      const [now, then] = [steps[at - 1], steps[at]].map((step) => Number(step.dataset.after));
      const wait = Math.max(SHORTEST, Math.min((then - now) / 1000, LONGEST));
      clock = setTimeout(() => {
        show(at + 1);
        next();
      }, wait);
      return undefined;
    };
    const step = (by) => () => {
      stop();
      show(at + by);
    };
    tell();
    by('controls').hidden = false;
    by('back').addEventListener('click', step(-1));
    by('forth').addEventListener('click', step(1));
    by('all').addEventListener('click', step(steps.length));
    play.addEventListener('click', () => {
      if (clock) return stop();
      play.textContent = 'Pause';
      play.setAttribute('aria-pressed', 'true');
      show(at >= steps.length ? 1 : at);
      return next();
    });
  }
}
