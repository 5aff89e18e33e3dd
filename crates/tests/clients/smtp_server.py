"""An SMTP server that takes mail over TLS from who signs in, and writes each mail to a file.

It has no mailbox for gone@ anything, takes mail for later@ anything at the third try, and wants no
mail that says "unwanted".

Arguments: port, certificate, key, folder of mails, password. It runs until it is ended.
"""

import asyncio
import email
import email.policy
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

PORT, CERTIFICATE, KEY, FOLDER, PASSWORD = sys.argv[1:]


class Writer:
    count = 0
    tries = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@") and self.tries < 2:
            self.tries += 1
            return "450 4.2.0 try later"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        if b"unwanted" in envelope.content:
            return "554 5.7.1 not wanted here"
        self.count += 1
        head = [
            f"X-Tls: {'yes' if session.ssl else 'no'}",
            f"X-User: {session.auth_data.login.decode()}",
            f"X-To: {','.join(envelope.rcpt_tos)}",
        ]
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        head += [f"{name}: {value}" for name, value in mail.items()]
        text = "\n".join(head) + "\n\n" + mail.get_content()
        # Seen whole or not at all.
        part = pathlib.Path(FOLDER, f".{self.count}")
        part.write_text(text)
        part.rename(pathlib.Path(FOLDER, str(self.count)))
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.password.decode() == PASSWORD
    return AuthResult(success=right, auth_data=data)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    writer = Writer()

    def factory():
        return SMTP(
            writer,
            tls_context=context,
            require_starttls=True,
            authenticator=authenticate,
            auth_required=True,
            enable_SMTPUTF8=True,
        )

    server = await asyncio.get_running_loop().create_server(factory, "localhost", int(PORT))
    await server.serve_forever()


asyncio.run(main())
