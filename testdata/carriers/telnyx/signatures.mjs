// Makes signatures.json: what Telnyx's own library says of signed webhooks.
//
//   npm install telnyx@7.24.0 && node signatures.mjs <ours.json >signatures.json
//
// ours.json is what `go test -run TestOursForTelnyx -v` prints: a webhook signed by our tests.
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TelnyxWebhook } from 'telnyx/lib/webhooks';

const pair = generateKeyPairSync('ed25519');
const raw = (key) => key.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
const clock = Date.now;

async function judged(name, now, { key, body, timestamp, signature }) {
  Date.now = () => now * 1000;
  let holds = true;
  try {
    await new TelnyxWebhook(key).verify(body, { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature });
  } catch {
    holds = false;
  }
  Date.now = clock;
  return { name, now, key, body, timestamp, signature, holds };
}

const at = 1772366370;
function signed(body, timestamp = String(at)) {
  return { key: raw(pair.publicKey), body, timestamp, signature: sign(null, Buffer.from(`${timestamp}|${body}`), pair.privateKey).toString('base64') };
}

const body = '{"data":{"event_type":"message.finalized","payload":{"id":"x","to":[{"status":"delivered"}],"text":"Zoë €"}}}';
const honest = signed(body);
const cases = [
  ['honest', at, honest],
  ['just fresh', at + 300, honest],
  ['stale', at + 301, honest],
  ['just not too early', at - 300, honest],
  ['too early', at - 301, honest],
  ['other body', at, { ...honest, body: body.replace('delivered', 'queued') }],
  ['other time', at, { ...honest, timestamp: String(at + 1) }],
  ['other key', at, { ...honest, key: raw(generateKeyPairSync('ed25519').publicKey) }],
  ['no signature', at, { ...honest, signature: '' }],
  ['short signature', at, { ...honest, signature: honest.signature.slice(0, 40) }],
  ['no time', at, { ...honest, timestamp: '' }],
  ['a word as time', at, signed(body, 'now')],
  ['a signed time with a sign', at, signed(body, '+' + at)],
  ['no body', at, signed('')],
];
const ours = JSON.parse(readFileSync(0, 'utf8'));
cases.push(['ours', Number(ours.timestamp), ours]);

const all = [];
for (const [name, now, webhook] of cases) {
  all.push(await judged(name, now, webhook));
}
console.log(JSON.stringify(all, null, 1));
