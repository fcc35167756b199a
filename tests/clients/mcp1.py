"""The Python SDK of the older era, `mcp` 1. Prints one line of JSON a step, as steps.mjs does.

    python mcp1.py ANSWER PROGRAM ARGUMENT...

It has no way to take a call back, so that step is left out.
"""

import json
import sys

import anyio
from mcp import ClientSession, McpError, StdioServerParameters, types
from mcp.client.stdio import stdio_client

ANSWER, PROGRAM, *ARGUMENTS = sys.argv[1:]
questions = []


def tell(step, **rest):
    print(json.dumps({"step": step, **rest}), flush=True)


def code(result):
    return (result.meta or {}).get("io.github.toolkeep/code")


def text(result):
    return result.content[0].text


async def asked(_context, params):
    questions.append(list(params.requestedSchema["properties"]))
    if ANSWER == "approve":
        return types.ElicitResult(action="accept", content={"decision": "approve"})
    return types.ElicitResult(action=ANSWER)


def start():
    return stdio_client(StdioServerParameters(command=PROGRAM, args=ARGUMENTS))


async def main():
    callback = None if ANSWER == "none" else asked
    async with start() as pipes, ClientSession(*pipes, elicitation_callback=callback) as client:
        hello = await client.initialize()
        tell("connected", server=hello.serverInfo.name)
        tools = (await client.list_tools()).tools
        read_only = [tool.name for tool in tools if tool.annotations.readOnlyHint]
        tell("listed", tools=[tool.name for tool in tools], readOnly=read_only)
        listed = await client.call_tool("list_notes", {})
        tell("structure", structure=listed.structuredContent, text=text(listed))
        kinds = await client.call_tool("every_kind", {})
        tell("kinds", kinds=[block.type for block in kinds.content])
        heard = []

        async def progress(done, total, _message):
            heard.append([done, total])

        await client.call_tool("flood", {"lines": 3}, progress_callback=progress)
        tell("progress", heard=heard)
        missing = await client.call_tool("read_note", {"name": "missing"})
        tell("failed", isError=missing.isError, code=code(missing), text=text(missing))
        hidden = await client.call_tool("read_note", {"name": "hidden/a"})
        tell("denied", isError=hidden.isError, code=code(hidden))
        try:
            await client.call_tool("nothing", {})
        except McpError as error:
            tell("unknown", thrown=error.error.code)
        written = await client.call_tool("write_note", {"name": "new", "text": "written"})
        tell("asked", isError=written.isError, code=code(written), questions=questions)
        after = await client.call_tool("noop", {})
        tell("after", text=text(after))
    # A server for one call, as some clients start one for each.
    async with start() as pipes, ClientSession(*pipes) as client:
        await client.initialize()
        tell("again", text=text(await client.call_tool("noop", {})))


anyio.run(main)
