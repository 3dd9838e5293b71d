// The senders' own packages of npm at work. Reads one JSON object a line, does what each asks, and prints one for each.
//
//   { do: 'sign',   vendor, at, secret, id?, public_key?, kind?, body }    gives { headers, body? }
//   { do: 'verify', vendor, at, secret, url?, public_key?, headers, body } gives { accepted, why }
//
// `at` is the time in seconds at which it is done; bodies are base64. `why` is the package's own word for what it refuses.

import { readFileSync } from 'node:fs';
import { mock } from 'node:test';

mock.timers.enable({ apis: ['Date'] });

const text = (body) => body.toString('utf8');

// What a package says to a delivery that it verifies by throwing.
const unlessThrown = async (verified) => {
  try {
    await verified();
    return { accepted: true };
  } catch (error) {
    return { accepted: false, why: error.message.split(/[.\n]/)[0] };
  }
};

// The same of one that says yes or no.
const bySaying = (accepted) => ({ accepted, why: accepted ? undefined : 'no' });

// Standard Webhooks, whose package Svix's own goes through.
const standard = async (load, family) => {
  const { Webhook } = await load();
  return {
    sign: ({ id, secret, at, body }) => ({
      headers: {
        [`${family}-id`]: id,
        [`${family}-timestamp`]: `${at}`,
        [`${family}-signature`]: new Webhook(secret).sign(id, new Date(at * 1000), text(body)),
      },
    }),
    verify: ({ secret, headers, body }) => unlessThrown(() => new Webhook(secret).verify(body, headers)),
  };
};

const vendors = {
  stripe: async () => {
    const { default: Stripe } = await import('stripe');
    const { webhooks } = new Stripe('sk_test_unused');
    return {
      sign: ({ secret, at, body }) => ({
        headers: {
          'stripe-signature': webhooks.generateTestHeaderString({ payload: text(body), secret, timestamp: at }),
        },
      }),
      verify: ({ secret, headers, body }) =>
        unlessThrown(() => webhooks.constructEvent(body, headers['stripe-signature'], secret)),
    };
  },

  'standard-webhooks': () => standard(() => import('standardwebhooks'), 'webhook'),
  svix: () => standard(() => import('svix'), 'svix'),

  github: async () => {
    const octokit = await import('@octokit/webhooks-methods');
    return {
      sign: async ({ secret, body }) => ({ headers: { 'x-hub-signature-256': await octokit.sign(secret, text(body)) } }),
      verify: async ({ secret, headers, body }) =>
        bySaying(await octokit.verify(secret, text(body), headers['x-hub-signature-256'])),
    };
  },

  braintree: async () => {
    const { default: braintree } = await import('braintree');
    const gateway = ({ secret, public_key: publicKey }) =>
      new braintree.BraintreeGateway({
        environment: braintree.Environment.Sandbox,
        merchantId: 'unused',
        publicKey,
        privateKey: secret,
      });
    // A check is a question and no event.
    const kinds = Object.values(braintree.WebhookNotification.Kind).filter((kind) => kind !== 'check');
    return {
      sign: async (job) => {
        const kind = kinds[job.kind % kinds.length];
        const form = await gateway(job).webhookTesting.sampleNotification(kind, job.id);
        return { headers: {}, body: `${new URLSearchParams(form)}` };
      },
      verify: (job) => {
        const form = new URLSearchParams(text(job.body));
        const { webhookNotification } = gateway(job);
        return unlessThrown(() => webhookNotification.parse(form.get('bt_signature'), form.get('bt_payload')));
      },
    };
  },

  paddle: async () => {
    const { Paddle } = await import('@paddle/paddle-node-sdk');
    const { webhooks } = new Paddle('unused');
    return {
      verify: async ({ secret, headers, body }) =>
        bySaying(await webhooks.isSignatureValid(text(body), secret, headers['paddle-signature'])),
    };
  },

  shopify: async () => {
    await import('@shopify/shopify-api/adapters/node');
    const { shopifyApi, LogSeverity } = await import('@shopify/shopify-api');
    // It wants to see these too, though nothing signs them.
    const unsigned = {
      'x-shopify-topic': 'orders/paid',
      'x-shopify-shop-domain': 'example.myshopify.com',
      'x-shopify-api-version': '2026-07',
      'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    };
    return {
      verify: async ({ secret, headers, body }) => {
        const shopify = shopifyApi({
          apiKey: 'unused',
          apiSecretKey: secret,
          apiVersion: '2026-07',
          hostName: 'hooks.example.com',
          isEmbeddedApp: false,
          logger: { level: LogSeverity.Error },
        });
        const rawRequest = { method: 'POST', url: '/', headers: { ...unsigned, ...headers } };
        const { valid, reason } = await shopify.webhooks.validate({ rawBody: text(body), rawRequest, rawResponse: {} });
        return { accepted: valid, why: reason };
      },
    };
  },

  square: async () => {
    const { WebhooksHelper } = await import('square');
    return {
      verify: async ({ secret, url, headers, body }) =>
        bySaying(
          await WebhooksHelper.verifySignature({
            requestBody: text(body),
            signatureHeader: headers['x-square-hmacsha256-signature'],
            signatureKey: secret,
            notificationUrl: url,
          }),
        ),
    };
  },
};

const loaded = new Map();
for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const job = JSON.parse(line);
  if (!loaded.has(job.vendor)) loaded.set(job.vendor, await vendors[job.vendor]());
  mock.timers.setTime(job.at * 1000);
  const done = await loaded.get(job.vendor)[job.do]({ ...job, body: Buffer.from(job.body, 'base64') });
  console.log(JSON.stringify(done));
}
