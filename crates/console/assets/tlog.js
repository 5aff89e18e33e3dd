// Checks evidence by RFC 6962 hashes with WebCrypto, and signatures of notes with its Ed25519 where
// the browser has it. Says each step on the page. Knows no page but for the list that it writes.
'use strict';
globalThis.tlog = (() => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const joined = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    return all;
  };
  const sha256 = async (...parts) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...parts)));
  const node = (left, right) => sha256([1], left, right);
  const same = (one, other) =>
    one.length === other.length && one.every((byte, at) => byte === other[at]);

  // RFC 9162, 2.1.3.2. Numbers are below 2^53: the log would have to be older than the sun.
  const root = async (leaf, index, size, path) => {
    let [fn, sn, hash] = [index, size - 1, leaf];
    if (index >= size) throw new Error('it is not in this tree');
    for (const step of path) {
      if (sn === 0) throw new Error('the way is too long');
      if (fn % 2 === 1 || fn === sn) {
        hash = await node(step, hash);
        while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
      } else hash = await node(hash, step);
      [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    }
    if (sn !== 0) throw new Error('the way is too short');
    return hash;
  };

  // A signed note: the text, an empty line, lines of signatures. A key is name+hash+base64.
  const signed = async (note, key) => {
    const end = note.lastIndexOf('\n\n');
    const text = note.slice(0, end + 1);
    const [name, hash] = key.split('+', 2);
    const raw = bytes(key.slice(name.length + hash.length + 2));
    if (raw[0] !== 1) throw new Error('the key is of another kind');
    for (const line of note.slice(end + 2).split('\n')) {
      const [, who, signature] = line.match(/^\u2014 (\S+) (\S+)$/) ?? [];
      if (who !== name) continue;
      const blob = bytes(signature);
      const id = [...blob.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      if (id !== hash) continue;
      const by = await crypto.subtle.importKey('raw', raw.slice(1), 'Ed25519', false, ['verify']);
      const data = new TextEncoder().encode(text);
      if (await crypto.subtle.verify('Ed25519', by, blob.slice(4), data)) return;
    }
    throw new Error('no good signature of that key');
  };

  const stepIn = (steps) => async (words, work) => {
    const item = document.createElement('li');
    item.className = 'row';
    const badge = document.createElement('span');
    badge.className = 'badge';
    badge.textContent = 'checking';
    item.append(badge, words);
    steps.append(item);
    const told = (tone, text) => {
      badge.className = `badge ${tone}`;
      badge.textContent = text;
    };
    try {
      const found = await work();
      told('good', 'holds');
      return found;
    } catch (error) {
      const missing = error.name === 'NotSupportedError';
      told(missing ? 'warn' : 'bad', missing ? 'not here' : 'fails');
      const why = document.createElement('span');
      why.className = 'soft small';
      why.textContent = missing ? 'this browser has no Ed25519: weir audit check-proof' : error.message;
      item.append(why);
      if (!missing) throw error;
      return undefined;
    }
  };

  return { bytes, sha256, root, same, signed, stepIn };
})();
