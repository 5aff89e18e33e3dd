// A certified provider of OpenID Connect (panva's oidc-provider) for people that the test names.
// Prints `ready` when it listens. Below /test it does what no provider does for strangers: changes
// people's groups, changes its keys, signs whatever is asked.
//
//   node provider.js PORT

const http = require('node:http');
const jose = require('jose');

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const people = {
  ann: { groups: ['support'] },
  bob: { groups: [] },
};
// What is done to the next requests: another nonce, no refresh tokens.
let tamper = {};
// Where another client, a web server's, may have people sent back.
let back;
let keys = {};
let generation = 0;
let retired;
let provider;
let handler;

async function key(alg, kid) {
  const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), kid, alg, use: 'sig' };
}

// New keys; the provider itself is another one with the same memory.
async function rotate() {
  const { default: Provider } = await import('oidc-provider').catch(() => import(require.resolve('oidc-provider')));
  generation += 1;
  retired = keys;
  keys = { RS256: await key('RS256', `r${generation}`), ES256: await key('ES256', `e${generation}`) };
  provider = new Provider(issuer, {
    jwks: { keys: Object.values(keys) },
    clients: [{
      client_id: 'weir',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback'],
    }, ...(back ? [{
      client_id: 'console',
      application_type: 'web',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [back],
    }] : [])],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['a key of a test'] },
    features: { deviceFlow: { enabled: true }, revocation: { enabled: true } },
    findAccount: (_ctx, id) => people[id] && {
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: id, groups: people[id].groups }),
    },
    pkce: { required: () => true },
  });
  provider.use(async (ctx, next) => {
    if (tamper.nonce && ctx.path === '/auth') ctx.query = { ...ctx.query, nonce: tamper.nonce };
    await next();
  });
  handler = provider.callback();
}

async function sign({ claims = {}, without = [], alg = 'RS256', by = 'current', header = {} }) {
  const now = Math.floor(Date.now() / 1000);
  const all = {
    iss: issuer, aud: 'weir', sub: 'ann', preferred_username: 'ann', groups: people.ann.groups,
    iat: now, exp: now + 60, jti: String(Math.random()), ...claims,
  };
  for (const name of without) delete all[name];
  const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  if (by === 'none') return `${b64({ alg: 'none', ...header })}.${b64(all)}.`;
  const set = by === 'retired' ? retired : keys;
  const own = set[alg] ?? set.RS256;
  const whole = { alg, kid: own.kid, typ: 'JWT', ...header };
  if (by === 'public') {
    // The old trick: the public key, as the secret of an HMAC.
    const { d, p, q, dp, dq, qi, ...open } = own;
    const pem = await jose.exportSPKI(await jose.importJWK(open, 'RS256'));
    return new jose.SignJWT(all).setProtectedHeader(whole).sign(new TextEncoder().encode(pem));
  }
  const foreign = by === 'foreign' && (await jose.generateKeyPair(alg)).privateKey;
  return new jose.SignJWT(all).setProtectedHeader(whole).sign(foreign || (await jose.importJWK(own, alg)));
}

async function control(path, body) {
  switch (path) {
    case '/test/people': people[body.name] = body.person ?? undefined; return {};
    case '/test/rotate': await rotate(); return {};
    case '/test/back': back = body.url; await rotate(); return {};
    case '/test/tamper': tamper = body; return {};
    case '/test/sign': return { token: await sign(body) };
    default: throw new Error(path);
  }
}

const server = http.createServer(async (request, response) => {
  if (!request.url.startsWith('/test/')) return handler(request, response);
  let text = '';
  for await (const chunk of request) text += chunk;
  try {
    response.end(JSON.stringify(await control(request.url, JSON.parse(text || '{}'))));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error.stack));
  }
});

rotate().then(() => server.listen(port, '127.0.0.1', () => console.log('ready')));
