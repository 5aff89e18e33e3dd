"""A model's side of MCP, with the official SDK: reads calls as JSON lines, prints answers.

    mcp_client.py http URL TOKEN CERTIFICATE
    mcp_client.py stdio PROGRAM ARGUMENT...

Each line of the input is {"tool": name, "arguments": {...}}, {"list": true} or {"info": true}; each
line of the output is what came back.
"""

import asyncio
import json
import os
import ssl
import sys

import httpx2
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client


def plain(value):
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


async def answer(session, begun, call):
    if call.get("list"):
        return plain(await session.list_tools())
    if call.get("info"):
        return plain(begun)
    told = []

    async def progress(done, total, message):
        told.append([done, total])

    result = await session.call_tool(
        call["tool"], call.get("arguments"), progress_callback=progress
    )
    return {**plain(result), "told": told}


async def converse(streams):
    read, write = streams[0], streams[1]
    async with ClientSession(read, write) as session:
        begun = await session.initialize()
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            try:
                said = await answer(session, begun, json.loads(line))
            except Exception as error:  # the test decides what an error is worth
                said = {"raised": f"{type(error).__name__}: {error}"}
            print(json.dumps(said), flush=True)


async def main():
    way, rest = sys.argv[1], sys.argv[2:]
    if way == "stdio":
        server = StdioServerParameters(command=rest[0], args=rest[1:], env=dict(os.environ))
        async with stdio_client(server) as streams:
            await converse(streams)
        return
    url, token, certificate = rest
    client = httpx2.AsyncClient(
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=certificate),
        timeout=httpx2.Timeout(30, read=330),
    )
    async with client, streamable_http_client(url, http_client=client) as streams:
        await converse(streams)


asyncio.run(main())
