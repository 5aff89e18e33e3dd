// Checks files that are dropped: a checkpoint, a proof with its entry, a report as JSON. By the key
// that stands in the field, whosever it is.
'use strict';
{
  const { bytes, sha256, root, same, signed, stepIn } = tlog;
  const by = (id) => document.getElementById(id);
  const drop = by('drop'), files = by('files'), steps = by('steps');
  const HEADER = 'c2sp.org/tlog-proof@v1\n';
  // More proofs of one report are told together.
  const TOLD = 1;

  // c2sp.org/tlog-proof: the index, the way, an empty line, the checkpoint.
  const parsed = (text) => {
    const end = text.indexOf('\n\n');
    const lines = text.slice(HEADER.length, end).split('\n')
      .filter((line) => !line.startsWith('extra '));
    const [, index] = (lines.shift() ?? '').match(/^index (\d+)$/) ?? [];
    if (end < 0 || index === undefined) throw new Error('this is no proof');
    return { index: Number(index), hashes: lines.map(bytes), checkpoint: text.slice(end + 2) };
  };
  const included = async (proof, entry) => {
    const leaf = await sha256([0], entry);
    const [, size, tree] = proof.checkpoint.split('\n');
    const found = await root(leaf, proof.index, Number(size), proof.hashes);
    if (!same(found, bytes(tree))) throw new Error('it leads to another root');
  };
  const key = () => by('key').value.trim();

  const proof = async (step, file, others) => {
    const found = parsed(file.text);
    const [origin, size] = found.checkpoint.split('\n');
    const entry = others.find((other) => other !== file && !other.text.startsWith(HEADER));
    await step(`${file.name}: the entry is there`, async () => {
      if (!entry) throw new Error('drop the entry\'s file together with it');
    });
    await step(`${entry.name} is record ${found.index} of ${size} of ${origin}`, () =>
      included(found, entry.raw));
    await step('The checkpoint is signed by that key', () => signed(found.checkpoint, key()));
  };

  const report = async (step, file, whole) => {
    const records = whole.records.filter((record) => record.proof);
    await step(`${file.name}: ${records.length} of ${whole.records.length} records have a proof`,
      async () => { if (records.length < TOLD) throw new Error('there is nothing to check'); });
    await step('Each is in the tree of its checkpoint', async () => {
      for (const record of records) {
        const found = parsed(record.proof);
        if (String(found.index) !== String(record.sequence)) {
          throw new Error(`what is to prove record ${record.sequence} proves another one`);
        }
        await included(found, new TextEncoder().encode(record.entry));
      }
    });
    await step('Each checkpoint is signed by that key', async () => {
      const notes = new Set(records.map((record) => parsed(record.proof).checkpoint));
      for (const note of notes) await signed(note, key());
    });
  };

  const checkpoint = async (step, file) => {
    const [origin, size] = file.text.split('\n');
    await step(`${file.name}: ${size} records of ${origin}, signed by that key`, () =>
      signed(file.text, key()));
    await step('The ledger as it is now grew from it', async () => {
      const body = new URLSearchParams({ csrf: drop.dataset.csrf, note: file.text });
      const answer = await fetch(drop.dataset.check, { method: 'POST', body });
      if (!answer.ok) throw new Error('the server does not say so: load the page again');
      const { holds, why } = await answer.json();
      if (!holds) throw new Error(why);
    });
  };

  const kind = (file) => {
    if (file.text.startsWith(HEADER)) return proof;
    if (file.text.includes('\n\n\u2014 ')) return checkpoint;
    let whole;
    try {
      whole = JSON.parse(file.text);
    } catch {
      return undefined;
    }
    if (whole?.format !== 'weir-report/1') return undefined;
    return (step, one) => report(step, one, whole);
  };

  const check = async (chosen) => {
    steps.replaceChildren();
    drop.dataset.state = 'checking';
    const step = stepIn(steps);
    const all = await Promise.all([...chosen].map(async (file) => {
      const raw = new Uint8Array(await file.arrayBuffer());
      return { name: file.name, raw, text: new TextDecoder().decode(raw) };
    }));
    const proofs = all.some((file) => file.text.startsWith(HEADER));
    const entry = all.find((file) => !file.text.startsWith(HEADER));
    let checked = 0;
    for (const file of all) {
      const how = kind(file);
      // The first file beside a proof is its entry.
      if (!how && proofs && file === entry) continue;
      await step(`What ${file.name} is`, async () => {
        if (!how) throw new Error('neither a checkpoint nor a proof nor a report as JSON');
      });
      await how(step, file, all);
      checked += 1;
    }
    drop.dataset.state = checked ? 'good' : 'bad';
  };
  const begin = (chosen) => check(chosen).catch(() => (drop.dataset.state = 'bad'));
  if (drop) {
    files.addEventListener('change', () => begin(files.files));
    drop.addEventListener('dragover', (event) => event.preventDefault());
    drop.addEventListener('drop', (event) => {
      event.preventDefault();
      begin(event.dataTransfer.files);
    });
  }
}
