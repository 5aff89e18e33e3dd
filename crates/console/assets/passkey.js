// Has a passkey or security key made, and has one sign, before a form is sent. What comes of it is
// in fields of the form; the server believes none of it before it has checked it.
'use strict';
{
  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const keys = (form) => (form.dataset.keys ?? '').split(' ').filter(Boolean)
    .map((id) => ({ type: 'public-key', id: bytes(id) }));
  const put = (form, values) => {
    for (const [name, value] of Object.entries(values)) {
      const field = form.querySelector(`input[type=hidden][name=${name}]`)
        ?? form.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name }));
      field.value = value;
    }
  };
  const sign = async (form) => {
    const publicKey = {
      challenge: bytes(form.dataset.challenge),
      allowCredentials: keys(form),
      userVerification: 'preferred',
    };
    const { id, response } = await navigator.credentials.get({ publicKey });
    put(form, {
      id,
      client: text(response.clientDataJSON),
      authenticator: text(response.authenticatorData),
      signature: text(response.signature),
    });
  };
  const make = async (form) => {
    const name = form.dataset.person;
    const publicKey = {
      challenge: bytes(form.dataset.challenge),
      rp: { name: 'Weir' },
      user: { id: bytes(form.dataset.user), name, displayName: name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: keys(form),
      authenticatorSelection: { residentKey: 'discouraged', userVerification: 'preferred' },
      attestation: 'none',
    };
    const { response } = await navigator.credentials.create({ publicKey });
    put(form, {
      made_client: text(response.clientDataJSON),
      made_authenticator: text(response.getAuthenticatorData()),
    });
  };
  const why = (error) => ({
    NotAllowedError: 'The key was not used, or not in time: nothing was sent. Try again.',
    InvalidStateError: 'This key is among yours already.',
    SecurityError: 'Keys are for sites with a name and a certificate that the browser believes: ' +
      'open the console by its name, not by its address.',
  })[error.name] ?? `The key did not do it: ${error.message}`;
  addEventListener('submit', async (event) => {
    const form = event.target, word = event.submitter?.value;
    const signs = keys(form).length > 0 && (form.dataset.word ?? word) === word;
    const makes = 'person' in form.dataset;
    if (!form.dataset.challenge || event.defaultPrevented || !(signs || makes)) return;
    event.preventDefault();
    const trouble = form.querySelector('.trouble');
    trouble.hidden = true;
    try {
      if (makes) await make(form);
      if (signs) await sign(form);
    } catch (error) {
      trouble.textContent = why(error);
      trouble.hidden = false;
      delete form.dataset.sent;
      return;
    }
    if (event.submitter?.name) put(form, { [event.submitter.name]: word });
    form.submit();
  });
}
