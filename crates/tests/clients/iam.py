"""The identity services of three clouds, and a directory that believes them.

Speaks HTTP as the instance metadata services of AWS (IMDSv2), GCP and Azure do, and the token
endpoints of Google, Entra and AWS (for a web identity). Speaks LDAP to a PostgreSQL that has it check passwords: one of AWS's
is right if botocore makes the very same of the same keys and time, and one of the others if it was
issued here and has not ended.

Arguments: port of HTTP, port of LDAP, folder. In the folder: `lasts` (seconds that tokens are good
for), `ended` (how many of the first tokens are good no more), `public.pem` (of a service account),
and `asked` (a line for each token or key that was given, and each password that was checked).
"""

import base64
import datetime
import http.server
import json
import pathlib
import socketserver
import sys
import threading
import time
import unittest.mock
import urllib.parse

import botocore.auth
import botocore.session
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

HTTP, LDAP, FOLDER = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
KEYS = {
    "AKIAENVIRONMENT": ("env/secret+key", None),
    "ASIAINSTANCE": ("instance/secret", "session+token/=="),
    "ASIACONTAINER": ("container/secret", "session+token/=="),
    "ASIAROLE": ("role/secret", "session+token/=="),
}
RESOURCE = "https://ossrdbms-aad.database.windows.net"
ISSUED = {}


def lasts():
    return int((FOLDER / "lasts").read_text())


def note(line):
    with open(FOLDER / "asked", "a") as file:
        file.write(line + "\n")


def issued(kind):
    """A token that looks like one: two kilobytes, as those of clouds are."""
    token = f"{kind}.{len(ISSUED)}.s3cret-of-a-cloud." + "x" * 2000
    ISSUED[token] = (len(ISSUED), time.time() + lasts())
    note(kind)
    return token


def keys(name):
    """Keys for a while, as the endpoints of instances and containers give them."""
    secret, token = KEYS[name]
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=lasts())
    end = end.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"AccessKeyId": name, "SecretAccessKey": secret, "Token": token, "Expiration": end}


def of_role(form):
    """What the Security Token Service answers: the status and XML."""
    wanted = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": "arn:aws:iam::123456789012:role/weir",
        "RoleSessionName": "weir",
        "WebIdentityToken": "of-the-cluster",
    }
    if form != wanted:
        inside = "<Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>not ours</Message>"
        return 400, f"<ErrorResponse><Error>{inside}</Error></ErrorResponse>".encode()
    note("role")
    said = keys("ASIAROLE")
    said["SessionToken"] = said.pop("Token")
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
    name = "AssumeRoleWithWebIdentity"
    inside = f"<{name}Result><Credentials>{inside}</Credentials></{name}Result>"
    xmlns = "https://sts.amazonaws.com/doc/2011-06-15/"
    return 200, f'<{name}Response xmlns="{xmlns}">{inside}</{name}Response>'.encode()


def of_botocore(password):
    """What AWS's own SDK makes for the same host, port, user, region, keys and time."""
    url = urllib.parse.urlsplit("https://" + password)
    said = {name: values[0] for name, values in urllib.parse.parse_qs(url.query).items()}
    key, _, region, _, _ = said["X-Amz-Credential"].split("/")
    made = datetime.datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    age = (datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - made).total_seconds()
    secret, token = KEYS[key]
    host = password.split(":")[0]
    session = botocore.session.Session()
    session.set_credentials(key, secret, token)
    client = session.create_client("rds", region_name=region)
    with unittest.mock.patch.object(botocore.auth, "get_current_datetime", lambda: made):
        wanted = client.generate_db_auth_token(host, url.port, said["DBUser"], region)
    return wanted == password and -5 <= age < 900


def right(name, password):
    note("checked")
    if name != "cn=weir":
        return False
    if "X-Amz-Signature" in password:
        return of_botocore(password)
    number, until = ISSUED.get(password, (-1, 0))
    return number >= int((FOLDER / "ended").read_text()) and until > time.time()


class Metadata(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body, headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path == "/latest/api/token" and ttl.isdigit() and 1 <= int(ttl) <= 21600:
            return self.answer(200, b"imds-session-word")
        self.answer(400, b"")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        roles = "/latest/meta-data/iam/security-credentials/"
        if url.path.startswith(roles):
            if self.headers.get("X-aws-ec2-metadata-token") != "imds-session-word":
                return self.answer(401, b"")
            if url.path == roles:
                return self.answer(200, b"weir-role")
            note("aws")
            said = {"Code": "Success", "Type": "AWS-HMAC"}
            return self.answer(200, said | keys("ASIAINSTANCE"))
        if url.path == "/ecs" and self.headers.get("Authorization") == "of-the-container":
            note("container")
            return self.answer(200, keys("ASIACONTAINER"))
        if url.path == "/computeMetadata/v1/instance/service-accounts/default/token":
            flavor = [("Metadata-Flavor", "Google")]
            asked = self.headers.get("Metadata-Flavor")
            if asked != "Google" or "sqlservice.login" not in query["scopes"]:
                return self.answer(403, b"Missing Metadata-Flavor:Google header.", flavor)
            said = {"access_token": issued("gcp"), "expires_in": lasts(), "token_type": "Bearer"}
            return self.answer(200, said, flavor)
        if url.path == "/metadata/identity/oauth2/token":
            wanted = {"api-version": "2018-02-01", "resource": RESOURCE}
            if self.headers.get("Metadata") != "true" or query != wanted:
                return self.answer(400, {"error": "invalid_request", "error_description": "no"})
            said = {"access_token": issued("azure"), "expires_in": str(lasts())}
            return self.answer(200, said | {"token_type": "Bearer"})
        self.answer(404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        if self.path == "/sts":
            return self.answer(*of_role(form))
        if self.path == "/google/token" and self.is_signed(form):
            return self.answer(200, {"access_token": issued("google"), "expires_in": lasts()})
        wanted = {
            "grant_type": "client_credentials",
            "client_id": "weir-app",
            "scope": f"{RESOURCE}/.default",
            "client_secret": "entra/secret",
        }
        if self.path == "/acme/oauth2/v2.0/token" and form == wanted:
            return self.answer(200, {"access_token": issued("entra"), "expires_in": lasts()})
        self.answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: no"})

    def is_signed(self, form):
        if form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return False
        signed, _, signature = form["assertion"].rpartition(".")
        decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        public = serialization.load_pem_public_key((FOLDER / "public.pem").read_bytes())
        public.verify(decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        head, claims = (json.loads(decode(part)) for part in signed.split("."))
        now = time.time()
        return (
            head == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
            and claims["iss"] == "weir@acme.iam.gserviceaccount.com"
            and claims["aud"] == f"http://127.0.0.1:{HTTP}/google/token"
            and claims["scope"] == "https://www.googleapis.com/auth/sqlservice.login"
            and now - 60 <= claims["iat"] <= now + 5
            and claims["iat"] < claims["exp"] <= claims["iat"] + 3600
        )


def element(data, at):
    """The tag, the content, and where the next element begins."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(data[at : at + count], "big"), at + count
    return tag, data[at : at + length], at + length


class Directory(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(2):
            length = head[1]
            if length & 0x80:
                length = int.from_bytes(self.rfile.read(length & 0x7F), "big")
            message = self.rfile.read(length)
            _, number, at = element(message, 0)
            tag, bind, _ = element(message, at)
            if tag != 0x60:
                return
            _, _, at = element(bind, 0)
            _, name, at = element(bind, at)
            _, password, _ = element(bind, at)
            try:
                code = 0 if right(name.decode(), password.decode()) else 49
            except Exception as error:
                print(repr(error), flush=True)
                code = 49
            said = b"\x61\x07\x0a\x01" + bytes([code]) + b"\x04\x00\x04\x00"
            said = b"\x02" + bytes([len(number)]) + number + said
            self.wfile.write(b"\x30" + bytes([len(said)]) + said)


class Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


directory = Threads(("127.0.0.1", LDAP), Directory)
threading.Thread(target=directory.serve_forever, daemon=True).start()
print("ready", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", HTTP), Metadata).serve_forever()
