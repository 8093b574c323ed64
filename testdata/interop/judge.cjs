// The vendors' own libraries sign webhooks and judge signatures: a question in JSON a line, an answer a line. Packages lie in
// the folder that SMSCTL_INTEROP names.
//
//   {"sdk", "op": "sign" | "verify", "secret", "now", "method", "url", "body", "header": {name: value}}
//   {"holds"} or {"header": {name: value}} or {"error"}
'use strict';
const crypto = require('crypto');
const path = require('path');
const { createRequire } = require('module');
const need = createRequire(path.join(process.env.SMSCTL_INTEROP, 'package.json'));

// params are a form's as the libraries take them: a name that comes twice has a list.
function params(body) {
  const all = {};
  for (const [key, value] of new URLSearchParams(body)) {
    all[key] = key in all ? [].concat(all[key], value) : value;
  }
  return all;
}

const bearer = (q) => (q.header.authorization ?? '').replace(/^Bearer /, '');

const sdks = {
  twilio: {
    verify(q) {
      const twilio = need('twilio/lib/webhooks/webhooks');
      const signature = q.header['x-twilio-signature'];
      return q.url.includes('bodySHA256')
        ? twilio.validateRequestWithBody(q.secret, signature, q.url, q.body)
        : twilio.validateRequest(q.secret, signature, q.url, params(q.body));
    },
    sign(q) {
      const twilio = need('twilio/lib/webhooks/webhooks');
      return { 'X-Twilio-Signature': twilio.getExpectedTwilioSignature(q.secret, q.url, params(q.body)) };
    },
  },
  plivo: { // it only judges
    verify: (q) => need('plivo').validateV3Signature(
      q.method, q.url, q.header['x-plivo-signature-v3-nonce'], q.secret, q.header['x-plivo-signature-v3'], params(q.body)),
  },
  telnyx: { // the secret is the public key to verify and the private one to sign; the library only judges
    async verify(q) {
      const { TelnyxWebhook } = need('telnyx/lib/webhooks');
      await new TelnyxWebhook(q.secret).verify(q.body, q.header);
      return true;
    },
    sign(q) {
      const stamp = String(q.now);
      const key = crypto.createPrivateKey({ key: Buffer.from(q.secret, 'base64'), format: 'der', type: 'pkcs8' });
      return {
        'Telnyx-Timestamp': stamp,
        'Telnyx-Signature-Ed25519': crypto.sign(null, Buffer.from(`${stamp}|${q.body}`), key).toString('base64'),
      };
    },
  },
  sinch: {
    verify: (q) => need('@sinch/sdk-core').validateWebhookSignature(q.secret, q.header, q.body),
    sign(q) {
      const sinch = need('@sinch/sdk-core');
      const [nonce, stamp] = ['01FJA8B4A7BM43YGWSG9GBV067', String(q.now)];
      return {
        'X-Sinch-Webhook-Signature-Nonce': nonce,
        'X-Sinch-Webhook-Signature-Timestamp': stamp,
        'X-Sinch-Webhook-Signature-Algorithm': 'HmacSHA256',
        'X-Sinch-Webhook-Signature': sinch.calculateWebhookSignature(sinch.computeSignedData(q.body, nonce, stamp), q.secret),
      };
    },
  },
  vonage: { // the library has no way to sign a webhook: jsonwebtoken is what it is built on. It leaves the body to the caller
    verify(q) {
      const claims = need('jsonwebtoken').decode(bearer(q)) ?? {};
      const body = crypto.createHash('sha256').update(q.body).digest('hex');
      return need('@vonage/jwt').verifySignature(bearer(q), q.secret) && claims.payload_hash === body;
    },
    sign(q) {
      const claims = {
        iss: 'Vonage', api_key: 'abcd1234', iat: q.now, jti: 'x', payload_hash: crypto.createHash('sha256').update(q.body).digest('hex'),
      };
      return { Authorization: `Bearer ${need('jsonwebtoken').sign(claims, q.secret, { algorithm: 'HS256' })}` };
    },
  },
  bird: { // Standard Webhooks
    verify(q) {
      new (need('standardwebhooks').Webhook)(q.secret).verify(q.body, q.header);
      return true;
    },
    sign: (q) => ({
      'Webhook-Id': 'msg_1',
      'Webhook-Timestamp': String(q.now),
      'Webhook-Signature': new (need('standardwebhooks').Webhook)(q.secret).sign('msg_1', new Date(q.now * 1000), q.body),
    }),
  },
};

async function answer(q) {
  Date.now = () => q.now * 1000;
  q.header = Object.fromEntries(Object.entries(q.header ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  try {
    const got = await sdks[q.sdk][q.op](q);
    return q.op === 'sign' ? { header: got } : { holds: Boolean(got) };
  } catch (e) {
    return q.op === 'sign' || e.code === 'MODULE_NOT_FOUND' ? { error: String(e.stack) } : { holds: false };
  }
}

let busy = Promise.resolve();
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  busy = busy.then(async () => console.log(JSON.stringify(await answer(JSON.parse(line)))));
});
