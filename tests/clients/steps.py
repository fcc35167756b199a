"""What each Python client does, the same for both. Their objects have other names for the same fields, so
each is looked at by the names that the protocol has for them."""

import json


def tell(step, **rest):
    print(json.dumps({"step": step, **rest}), flush=True)


def wire(thing):
    return thing.model_dump(by_alias=True)


def code(result):
    return (result["_meta"] or {}).get("io.github.toolkeep/code")


def text(result):
    return result["content"][0]["text"]


class Person:
    """Answers the server's questions; `result` makes an answer, as the SDK wants it."""

    def __init__(self, answer, result):
        self.answer = answer
        self.result = result
        self.questions = []

    async def asked(self, _context, params):
        self.questions.append(list(wire(params)["requestedSchema"]["properties"]))
        if self.answer == "approve":
            return self.result(action="accept", content={"decision": "approve"})
        return self.result(action=self.answer)

    def callback(self):
        return None if self.answer == "none" else self.asked


async def steps(connect, person, Thrown, cancel=None):
    """`connect()` starts a server and gives the client and the server's name; `Thrown` is what an error is,
    and `cancel` tells whether a call that never ends was taken back."""
    async with connect() as (client, server):

        async def call(tool, arguments, **options):
            return wire(await client.call_tool(tool, arguments, **options))

        tell("connected", server=server)
        tools = wire(await client.list_tools())["tools"]
        read_only = [tool["name"] for tool in tools if tool["annotations"]["readOnlyHint"]]
        tell("listed", tools=[tool["name"] for tool in tools], readOnly=read_only)
        listed = await call("list_notes", {})
        tell("structure", structure=listed["structuredContent"], text=text(listed))
        kinds = await call("every_kind", {})
        tell("kinds", kinds=[block["type"] for block in kinds["content"]])
        heard = []

        async def progress(done, total, _message):
            heard.append([done, total])

        await call("flood", {"lines": 3}, progress_callback=progress)
        tell("progress", heard=heard)
        missing = await call("read_note", {"name": "missing"})
        tell("failed", isError=missing["isError"], code=code(missing), text=text(missing))
        hidden = await call("read_note", {"name": "hidden/a"})
        tell("denied", isError=hidden["isError"], code=code(hidden))
        try:
            await call("nothing", {})
        except Thrown as error:
            tell("unknown", thrown=error.error.code)
        written = await call("write_note", {"name": "new", "text": "written"})
        tell("asked", isError=written["isError"], code=code(written), questions=person.questions)
        if cancel:
            tell("cancelled", spun="cancelled" if await cancel(client) else "answered")
        tell("after", text=text(await call("noop", {})))
    # A server for one call, as some clients start one for each.
    async with connect() as (client, _server):
        tell("again", text=text(wire(await client.call_tool("noop", {}))))
