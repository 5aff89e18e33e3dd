"""libpq 18 with OAUTHBEARER: psycopg's own library, told a token by its hook for that.

    python oauth_client.py CONNINFO TOKEN SQL

Prints the library's version, what the hook was asked, and the first value of the answer; or what
was said instead of an answer.
"""

import ctypes
import re
import sys

import psycopg

conninfo, token, sql = sys.argv[1:4]


def library():
    with open("/proc/self/maps") as maps:
        paths = set(re.findall(r"/\S*libpq\S*\.so\S*", maps.read()))
    return ctypes.CDLL(paths.pop())


class Request(ctypes.Structure):
    """PGoauthBearerRequest of libpq-fe.h."""

    _fields_ = [
        ("openid_configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("asynchronous", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


BEARER_TOKEN = 1
HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Request))


@HOOK
def hook(kind, _connection, request):
    if kind != BEARER_TOKEN:
        return 0
    print("asked for", request.contents.openid_configuration.decode())
    request.contents.token = token.encode()
    return 1


libpq = library()
libpq.PQsetAuthDataHook(hook)
print("libpq", libpq.PQlibVersion() // 10000)
try:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        print(connection.execute(sql).fetchone()[0])
except psycopg.OperationalError as error:
    print("refused:", error)
