"""The Python SDK of both eras, `mcp` 2. Prints one line of JSON a step, as steps.mjs does.

    python mcp2.py ERA ANSWER PROGRAM ARGUMENT...
"""

import sys
from contextlib import asynccontextmanager

import anyio
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters

from steps import Person, steps

ERA, ANSWER, PROGRAM, *ARGUMENTS = sys.argv[1:]
MODES = {"old": "legacy", "new": "2026-07-28", "auto": "auto"}
person = Person(ANSWER, types.ElicitResult)


@asynccontextmanager
async def connect():
    server = StdioServerParameters(command=PROGRAM, args=ARGUMENTS)
    callback = person.callback()
    async with Client(server, mode=MODES[ERA], elicitation_callback=callback) as client:
        yield client, client.server_info.name if client.server_info else None


async def cancel(client):
    """Whether a call that never ends was given up once it was under way."""
    with anyio.CancelScope() as scope:

        async def heard(_progress, _total, _message):
            scope.cancel()

        await client.call_tool("spin", {}, progress_callback=heard)
    return scope.cancelled_caught


anyio.run(steps, connect, person, MCPError, cancel)
