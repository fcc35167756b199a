// What each TypeScript client does, the same for all. `connect(asked)` starts a server and gives the client
// and how it calls a tool; `asked` answers the server's questions.

const print = (step, rest) => console.log(JSON.stringify({ step, ...rest }));

const code = (result) => result._meta?.['io.github.toolkeep/code'] ?? null;

const text = (result) => result.content[0]?.text ?? null;

export const steps = async (answer, connect) => {
  const questions = [];
  const asked = async ({ params }) => {
    questions.push(Object.keys(params.requestedSchema.properties));
    return answer === 'approve'
      ? { action: 'accept', content: { decision: 'approve' } }
      : { action: answer };
  };
  const { client, call } = await connect(asked);
  print('connected', { server: client.getServerVersion()?.name ?? null });

  const { tools } = await client.listTools();
  const readOnly = tools.filter((tool) => tool.annotations.readOnlyHint).map((tool) => tool.name);
  print('listed', { tools: tools.map((tool) => tool.name), readOnly });

  const listed = await call('list_notes', {});
  print('structure', { structure: listed.structuredContent, text: text(listed) });

  const kinds = await call('every_kind', {});
  print('kinds', { kinds: kinds.content.map((block) => block.type) });

  const missing = await call('read_note', { name: 'missing' });
  print('failed', { isError: missing.isError, code: code(missing), text: text(missing) });

  const hidden = await call('read_note', { name: 'hidden/a' });
  print('denied', { isError: hidden.isError, code: code(hidden) });

  const unknown = await call('nothing', {}).catch((error) => ({ thrown: error.code }));
  print('unknown', unknown);

  const written = await call('write_note', { name: 'new', text: 'written' });
  print('asked', { isError: written.isError ?? false, code: code(written), questions });

  // Progress that comes together with the result is not told by this client; so it is heard from a call
  // that has none.
  const controller = new AbortController();
  const options = { signal: controller.signal, onprogress: () => controller.abort('enough') };
  const spun = await call('spin', {}, options).then(() => 'answered', () => 'cancelled');
  print('cancelled', { spun });

  const after = await call('noop', {});
  print('after', { text: text(after) });
  await client.close();

  // A server for one call, as some clients start one for each.
  const other = await connect(asked);
  const again = await other.call('noop', {});
  print('again', { text: text(again) });
  await other.client.close();
};
