// Checks in the browser that a record stands in the ledger. Trusts the server for nothing but the
// key, which is shown so that it can be compared with one kept elsewhere.
'use strict';
{
  const by = (id) => document.getElementById(id);
  const check = by('check'), steps = by('steps'), button = by('verify');
  const { bytes, sha256, root, same, signed, stepIn } = tlog;
  const step = stepIn(steps);

  const verify = async () => {
    steps.replaceChildren();
    check.dataset.state = 'checking';
    const proof = await step('The proof is there', async () => {
      const answer = await fetch(check.dataset.proof, { credentials: 'same-origin' });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.why);
      return body;
    });
    const leaf = await step(`The hash of record ${proof.index}`, () =>
      sha256([0], bytes(proof.entry)));
    const [origin, size, tree] = proof.checkpoint.split('\n');
    await step(`It leads to the root of ${size} records of ${origin}`, async () => {
      const found = await root(leaf, proof.index, Number(size), proof.hashes.map(bytes));
      if (!same(found, bytes(tree))) throw new Error('to another root');
    });
    await step(`The root is signed by ${proof.key}`, () => signed(proof.checkpoint, proof.key));
    check.dataset.state = 'good';
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    button.disabled = true;
    verify()
      .catch(() => (check.dataset.state = 'bad'))
      .finally(() => (button.disabled = false));
  });
}
