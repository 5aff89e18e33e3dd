"""An authenticator: the code of a secret (base 32), so many steps from now. Of RFC 6238, from its text."""

import base64
import hashlib
import hmac
import struct
import sys
import time

secret = base64.b32decode(sys.argv[1])
step = int(time.time()) // 30 + int(sys.argv[2])
tag = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
offset = tag[-1] & 15
number = struct.unpack(">I", tag[offset : offset + 4])[0] & 0x7FFFFFFF
print(f"{number % 1_000_000:06d}")
