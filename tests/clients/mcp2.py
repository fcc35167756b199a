"""The Python SDK of both eras, `mcp` 2. Prints one line of JSON a step, as steps.mjs does.

    python mcp2.py ERA ANSWER PROGRAM ARGUMENT...
"""

import json
import sys

import anyio
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters

ERA, ANSWER, PROGRAM, *ARGUMENTS = sys.argv[1:]
MODES = {"old": "legacy", "new": "2026-07-28", "auto": "auto"}
questions = []


def tell(step, **rest):
    print(json.dumps({"step": step, **rest}), flush=True)


def code(result):
    return (result.meta or {}).get("io.github.toolkeep/code")


def text(result):
    return result.content[0].text


async def asked(_context, params):
    questions.append(list(params.requested_schema["properties"]))
    if ANSWER == "approve":
        return types.ElicitResult(action="accept", content={"decision": "approve"})
    return types.ElicitResult(action=ANSWER)


def connect():
    server = StdioServerParameters(command=PROGRAM, args=ARGUMENTS)
    callback = None if ANSWER == "none" else asked
    return Client(server, mode=MODES[ERA], elicitation_callback=callback)


async def cancel(client):
    """Whether a call that never ends was given up once it was under way."""
    with anyio.CancelScope() as scope:

        async def heard(_progress, _total, _message):
            scope.cancel()

        await client.call_tool("spin", {}, progress_callback=heard)
    return scope.cancelled_caught


async def main():
    async with connect() as client:
        tell("connected", server=client.server_info.name if client.server_info else None)
        tools = (await client.list_tools()).tools
        read_only = [tool.name for tool in tools if tool.annotations.read_only_hint]
        tell("listed", tools=[tool.name for tool in tools], readOnly=read_only)
        listed = await client.call_tool("list_notes", {})
        tell("structure", structure=listed.structured_content, text=text(listed))
        kinds = await client.call_tool("every_kind", {})
        tell("kinds", kinds=[block.type for block in kinds.content])
        heard = []

        async def progress(done, total, _message):
            heard.append([done, total])

        await client.call_tool("flood", {"lines": 3}, progress_callback=progress)
        tell("progress", heard=heard)
        missing = await client.call_tool("read_note", {"name": "missing"})
        tell("failed", isError=missing.is_error, code=code(missing), text=text(missing))
        hidden = await client.call_tool("read_note", {"name": "hidden/a"})
        tell("denied", isError=hidden.is_error, code=code(hidden))
        try:
            await client.call_tool("nothing", {})
        except MCPError as error:
            tell("unknown", thrown=error.error.code)
        written = await client.call_tool("write_note", {"name": "new", "text": "written"})
        tell("asked", isError=written.is_error, code=code(written), questions=questions)
        tell("cancelled", spun="cancelled" if await cancel(client) else "answered")
        after = await client.call_tool("noop", {})
        tell("after", text=text(after))
    # A server for one call, as some clients start one for each.
    async with connect() as client:
        tell("again", text=text(await client.call_tool("noop", {})))


anyio.run(main)
