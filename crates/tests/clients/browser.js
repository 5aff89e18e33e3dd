#!/usr/bin/env node
// A browser with a person before it: follows redirects, keeps cookies, fills in the provider's own
// forms. Ends where there is no form any more, and prints what the page says.
//
//   LOGIN=ann browser.js URL
//   STATE=another, ISS=another: with these in the answer instead

const login = process.env.LOGIN ?? 'ann';
const cookies = {};

async function visit(url, form) {
  const headers = { cookie: Object.entries(cookies).map(([k, v]) => `${k}=${v}`).join('; ') };
  const request = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
  const response = await fetch(url, { ...request, headers, redirect: 'manual' });
  for (const cookie of response.headers.getSetCookie()) {
    const [pair] = cookie.split(';');
    const at = pair.indexOf('=');
    if (pair.slice(at + 1)) cookies[pair.slice(0, at)] = pair.slice(at + 1);
    else delete cookies[pair.slice(0, at)];
  }
  return response;
}

async function main(url) {
  let response = await visit(url);
  for (let step = 0; step < 40; step += 1) {
    if (response.status >= 300 && response.status < 400) {
      const next = new URL(response.headers.get('location'), url);
      // Somebody who answers in the place of the provider.
      if (next.searchParams.has('state') && next.pathname === '/callback') {
        if (process.env.STATE) next.searchParams.set('state', process.env.STATE);
        if (process.env.ISS) next.searchParams.set('iss', process.env.ISS);
      }
      url = next.href;
      response = await visit(url);
      continue;
    }
    const page = await response.text();
    const form = page.match(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/);
    if (!form) return console.log(response.status, page.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '));
    const fields = {};
    for (const [input] of form[2].matchAll(/<input[^>]*>/g)) {
      const name = input.match(/name="([^"]*)"/)?.[1];
      if (name) fields[name] = input.match(/value="([^"]*)"/)?.[1] ?? '';
    }
    if ('login' in fields) Object.assign(fields, { login, password: 'x' });
    url = new URL(form[1].replaceAll('&amp;', '&'), url).href;
    response = await visit(url, fields);
  }
  throw new Error('there is no end of forms');
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
