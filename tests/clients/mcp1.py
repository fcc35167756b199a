"""The Python SDK of the older era, `mcp` 1. Prints one line of JSON a step, as steps.mjs does.

    python mcp1.py ANSWER PROGRAM ARGUMENT...

It has no way to take a call back, so that step is left out.
"""

import sys
from contextlib import asynccontextmanager

import anyio
from mcp import ClientSession, McpError, StdioServerParameters, types
from mcp.client.stdio import stdio_client

from steps import Person, steps

ANSWER, PROGRAM, *ARGUMENTS = sys.argv[1:]
person = Person(ANSWER, types.ElicitResult)


@asynccontextmanager
async def connect():
    server = StdioServerParameters(command=PROGRAM, args=ARGUMENTS)
    callback = person.callback()
    async with (
        stdio_client(server) as pipes,
        ClientSession(*pipes, elicitation_callback=callback) as client,
    ):
        hello = await client.initialize()
        yield client, hello.serverInfo.name


anyio.run(steps, connect, person, McpError)
