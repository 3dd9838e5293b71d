// Runs actions with Membrane's own client, in one of its three forms.
//
//     node runs.mjs http://127.0.0.1:4300 id '[["assign-tag", {"email": "ada@example.com", "tag_name": "vip"}]]'
//
// Prints how many ran.
import { MembraneClient } from '@membranehq/sdk';

const [apiUri, form, calls] = process.argv.slice(2);
// The tenant of the fixed token `sandbox-token`.
const client = new MembraneClient({
  apiUri,
  workspaceKey: 'sandbox',
  workspaceSecret: 'sandbox-secret',
  tenantKey: 'default',
});
const connections = await client.connections.find({ limit: 1 });
const connectionId = connections.items[0].id;
const all = await client.actions.findAll({ connectionId });
const forms = {
  id: (key, input) => client.action(all.find((one) => one.key === key).id).run(input, { connectionId }),
  key: (key, input) => client.action({ key, connectionId }).run(input),
  connection: (key, input) => client.connection(connectionId).action(key).run(input),
};
let ran = 0;
for (const [key, input] of JSON.parse(calls)) {
  await forms[form](key, input);
  ran += 1;
}
console.log(JSON.stringify({ ran }));
