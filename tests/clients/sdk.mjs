// The TypeScript SDK of the older era, `@modelcontextprotocol/sdk`. Prints one line of JSON a step.
//
//     node sdk.mjs FOLDER ANSWER PROGRAM ARGUMENT…
//
// FOLDER has the `node_modules`; ANSWER is what comes of a question: approve, decline, cancel, or none
// for a client that cannot ask.

import { createRequire } from 'node:module';
import { steps } from './steps.mjs';

const [folder, answer, command, ...args] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');
const types = require('@modelcontextprotocol/sdk/types.js');

const connect = async (asked) => {
  const capabilities = answer === 'none' ? {} : { elicitation: { form: {} } };
  const client = new Client({ name: 'sdk', version: '1' }, { capabilities });
  if (answer !== 'none') client.setRequestHandler(types.ElicitRequestSchema, asked);
  await client.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
  const call = (name, input, options) =>
    client.callTool({ name, arguments: input }, undefined, options);
  return { client, call };
};

await steps(answer, connect);
