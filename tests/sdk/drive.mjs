// Drives the sandbox with Membrane's own client: what somebody would write who has never seen this project.
//
//     node drive.mjs http://127.0.0.1:4300
//
// Prints one JSON object of what the client was told; ends with 1 and the client's own error when a call fails.
import { MembraneClient } from '@membranehq/sdk';

const client = new MembraneClient({
  apiUri: process.argv[2],
  workspaceKey: 'sandbox',
  workspaceSecret: 'sandbox-secret',
  tenantKey: 'sdk-tenant',
});

const tenant = await client.self.get();
const connections = await client.connections.find({ search: 'kartra', disconnected: false, limit: 5 });
const connectionId = connections.items[0].id;
const connection = await client.connection(connectionId).get();

const found = await client.actions.find({ connectionId, intent: 'assign a tag to a lead', limit: 3 });
const all = await client.actions.findAll({ connectionId });
const ofConnection = await client.connection(connectionId).actions.list();
const byKey = await client.action({ key: 'assign-tag', connectionId }).get();
const assignTag = all.find((action) => action.key === 'assign-tag');

const email = 'ada@example.com';
const created = await client.action({ key: 'create-lead', connectionId }).run({ email, first_name: 'Ada' });
const tagged = await client.action(assignTag.id).run({ email, tag_name: 'vip' }, { connectionId });
const listed = await client
  .connection(connectionId)
  .action('subscribe-lead-to-list')
  .run({ email, list_name: 'Newsletter' });

const proxied = await client.connection(connectionId).proxy.post('', {
  lead: { email },
  actions: [{ cmd: 'unassign_tag', tag_name: 'vip' }],
});
await client.connection(connectionId).refreshCredentials();

let refused = null;
try {
  await client.action(assignTag.id).run({ email }, { connectionId });
} catch (error) {
  refused = { kind: error.constructor.name, type: error.data?.type };
}

console.log(
  JSON.stringify({
    tenant: tenant.internalId,
    state: connection.state,
    best: found.items[0].key,
    keys: all.map((action) => action.key),
    byKey: byKey.id === assignTag.id,
    ofConnection: ofConnection.items.length,
    required: assignTag.inputSchema.required,
    created: created.output,
    tagged: tagged.output,
    runId: tagged.actionRunId,
    listed: listed.output,
    proxied,
    refused,
  }),
);
