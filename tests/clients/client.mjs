// The TypeScript client of both eras, `@modelcontextprotocol/client`. Prints one line of JSON a step.
//
//     node client.mjs FOLDER ERA ANSWER PROGRAM ARGUMENT…
//
// FOLDER and ANSWER as in sdk.mjs; ERA is old, new, or auto for a client that finds it out.

import { createRequire } from 'node:module';
import { steps } from './steps.mjs';

const [folder, era, answer, command, ...args] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { Client } = require('@modelcontextprotocol/client');
const { StdioClientTransport } = require('@modelcontextprotocol/client/stdio');

const mode = { old: 'legacy', new: { pin: '2026-07-28' }, auto: 'auto' }[era];

const connect = async (asked) => {
  const capabilities = answer === 'none' ? {} : { elicitation: { form: {} } };
  const options = { capabilities, versionNegotiation: { mode } };
  const client = new Client({ name: 'client', version: '1' }, options);
  if (answer !== 'none') client.setRequestHandler('elicitation/create', asked);
  await client.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
  const call = (name, input, options) => client.callTool({ name, arguments: input }, options);
  return { client, call };
};

await steps(answer, connect);
