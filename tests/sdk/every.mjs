// Drives every route of the sandbox with Membrane's own client: by the method it has for the route, and where it has
// none by its general `get` and `post`. Every answer is held against the client's own schema of it.
//
//     node every.mjs http://127.0.0.1:4300
//
// Prints one JSON object: what came of it, and what the client made of each failure.
import * as sdk from '@membranehq/sdk';

const apiUri = process.argv[2];
const signed = (more) =>
  new sdk.MembraneClient({
    apiUri,
    workspaceKey: 'sandbox',
    workspaceSecret: 'sandbox-secret',
    tenantKey: 'sdk-tenant',
    ...more,
  });
const client = signed();

async function control(method, path, body) {
  const answer = await fetch(`${apiUri}/_sandbox/${path}`, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/// The answer, if the client's own schema takes it.
function as(schema, answer) {
  schema.parse(answer);
  return answer;
}
const pageOf = (schema) => sdk.createPaginationResponseSchema(schema);

async function whoWeAre() {
  as(sdk.TenantSelfResponse, await client.self.get());
  as(sdk.WorkspaceElementSearchQuery, { q: 'kartra', limit: 10 });
  const found = await client.get('/search', { q: 'kartra', limit: 10 });
  for (const item of found.items) as(sdk.WorkspaceElementSearchResult, item);
  return found.items[0].element.name;
}

async function connections() {
  const wanted = as(sdk.EnsureConnectionRequest, { appUrl: 'https://kartra.com/', name: 'Kartra' });
  const { id } = as(sdk.ConnectionApiResponse, await client.post('/connections/ensure', wanted));
  const page = as(pageOf(sdk.ConnectionApiResponse), await client.connections.find({ search: 'kartra', limit: 5 }));
  const connection = client.connection(id);
  as(sdk.ConnectionApiResponse, await connection.get());
  const renamed = as(sdk.ConnectionApiResponse, await connection.patch({ name: 'Shop', key: 'shop' }));
  const replaced = as(sdk.ConnectionApiResponse, await connection.put({ name: 'Store' }));
  const tested = as(sdk.ConnectionTestResponse, await client.post(`/connections/${id}/test`));
  await connection.refreshCredentials();
  await client.post(`/connections/${id}/disconnect`);
  const lost = as(sdk.ConnectionApiResponse, await connection.get());
  const asked = as(sdk.ConnectionRequest, await client.post('/connection-requests', { connectionId: id }));
  await control('POST', `connection-requests/${asked.requestId}`, { status: 'success' });
  const done = as(sdk.ConnectionRequest, await client.get(`/connection-requests/${asked.requestId}`));
  await connection.archive();
  const gone = await failing(() => connection.get());
  const back = as(sdk.ConnectionApiResponse, await client.post(`/connections/${id}/restore`));
  return {
    id,
    listed: page.items.length,
    renamed: [renamed.name, renamed.key],
    replaced: [replaced.name, replaced.key ?? null],
    tested: tested.success,
    lost: [lost.state, lost.clientAction.type],
    done: [done.status, done.resultConnectionId === id],
    gone,
    back: back.state,
  };
}

/// In every state that a connection can be in, it is what the client takes for a connection.
async function states(id) {
  const seen = {};
  for (const change of [
    { state: 'BUILDING' },
    { state: 'CLIENT_ACTION_REQUIRED', to_do: 'provide-input' },
    { state: 'CONFIGURATION_ERROR' },
    { state: 'SETUP_FAILED' },
    { state: 'DISCONNECTING' },
    { state: 'READY' },
  ]) {
    await control('POST', `connections/${id}`, change);
    const { state, clientAction, errors } = as(sdk.ConnectionApiResponse, await client.connection(id).get());
    seen[state] = clientAction?.type ?? errors?.[0].type ?? null;
  }
  return seen;
}

async function actions(connectionId) {
  const connection = client.connection(connectionId);
  as(pageOf(sdk.ActionApiResponse), await client.actions.find({ connectionId, intent: 'assign a tag', limit: 3 }));
  as(pageOf(sdk.ActionApiResponse), await connection.actions.list());
  const byKey = as(sdk.ActionApiResponse, await client.action({ key: 'assign-tag', connectionId }).get());
  as(sdk.ActionApiResponse, await client.action(byKey.id).get());
  as(sdk.ActionApiResponse, await connection.action('assign-tag').get());
  return byKey.id;
}

async function runs(connectionId, assignTag) {
  const email = 'ada@example.com';
  const input = { email, tag_name: 'vip' };
  const ran = (answer) => as(sdk.ActionRunResponse, answer).actionRunId;
  const act = as(sdk.ActRequest, { key: 'create-lead', connectionId, input: { email }, meta: { runId: 'r-1' } });
  const first = ran(await client.post('/act', act));
  const by = [
    ran(await client.action(assignTag).run(input, { connectionId })),
    ran(await client.action({ key: 'assign-tag', connectionId }).run(input)),
    ran(await client.connection(connectionId).action('assign-tag').run(input)),
    ran(await client.post('/act', { id: assignTag, connectionId, input })),
  ];
  const { proxy } = client.connection(connectionId);
  const raw = (cmd) => ({ lead: { email }, actions: [{ cmd, tag_name: 'vip' }] });
  const proxied = [
    await client.post(`/connections/${connectionId}/proxy`, raw('unassign_tag')),
    await proxy.post('/', raw('assign_tag')),
    await proxy.post('api', raw('unassign_tag')),
  ];
  const missing = await failing(() => proxy.get('leads/1'));
  return { first, by, missing, proxied: proxied.map((answer) => Object.values(answer.actions[0])[0].type) };
}

async function logs(connectionId, id) {
  const list = await client.get('/action-run-logs', { connectionId, status: 'success', limit: 50 });
  as(sdk.FindActionRunLogsResponse, list);
  const one = as(sdk.ActionRunLogRecordApiResponse, await client.get(`/action-run-logs/${id}`));
  const details = await client.get(`/action-run-logs/${id}/details`);
  return { listed: list.items.length, meta: one.meta, details: details.logs.length };
}

/// What the client throws: the class of its own, and what the error says of itself.
async function failing(call) {
  try {
    await call();
    return 'it did not fail';
  } catch (error) {
    const { type, key } = error.data ?? {};
    return [error.constructor.name, type ?? null, key ?? null];
  }
}

async function failures(connectionId, assignTag) {
  const input = { email: 'ada@example.com', tag_name: 'vip' };
  const run = () => client.action(assignTag).run(input, { connectionId });
  const told = {
    'wrong token': await failing(() => signed({ workspaceSecret: 'another' }).self.get()),
    'wrong workspace': await failing(() => signed({ workspaceKey: 'another' }).self.get()),
    'unknown connection': await failing(() => client.connection('000000000000000000000000').get()),
    'unknown action': await failing(() => client.action('no-such-action').run(input, { connectionId })),
    'unknown run log': await failing(() => client.get('/action-run-logs/6900000000000000ffffffff')),
    'missing input': await failing(() => client.action(assignTag).run({}, { connectionId })),
    'two selectors': await failing(() => client.post('/act', { id: assignTag, key: 'assign-tag', connectionId })),
    'bad address': await failing(() => client.post('/connections/ensure', { appUrl: 'localhost' })),
    'bad limit': await failing(() => client.connections.find({ limit: 1001 })),
  };
  for (const fault of [
    'lock_timeout',
    'token_rejected',
    'access_denied',
    'insufficient_credit',
    'internal',
    'action_not_found',
    'connection_defunct',
    'access_token_expired',
    'connection_disconnected_code',
    'drop_after',
    'html_502_after',
    { rate_limited: { retry_after: 1 } },
    { rate_limited_by_kartra: {} },
    { external: { status: 503 } },
    { kartra_error: { number: 212, form: 'failed' } },
    { error_of_type: 'custom_code' },
    { error_of_type: 'configuration' },
    { error_of_type: 'dependency_error' },
  ]) {
    await control('POST', 'faults', { fault });
    const name = typeof fault === 'string' ? fault : JSON.stringify(fault);
    told[name] = await failing(run);
    await control('POST', `connections/${connectionId}`, { state: 'READY' });
  }
  return told;
}

const found = await whoWeAre();
const connected = await connections();
const seen = await states(connected.id);
const assignTag = await actions(connected.id);
const ran = await runs(connected.id, assignTag);
const logged = await logs(connected.id, ran.first);
const failed = await failures(connected.id, assignTag);
console.log(JSON.stringify({ found, connected, seen, ran, logged, failed }));
