// Makes signatures.json: what Plivo's own library says of callbacks that were signed by ours.
//
//   PLIVO_CASES=cases.json go test -run TestCasesForPlivo ./carriers/plivo
//   npm install plivo@4.79.0 && node signatures.mjs <cases.json >signatures.json
//
// The library can only judge. A callback of a kind is kept a few times, not a hundred times.
import { readFileSync } from 'node:fs';
import plivo from 'plivo';

const token = 'canary-plivo-token-0123456789';
const kept = {};
const all = [];
for (const c of JSON.parse(readFileSync(0, 'utf8'))) {
  const form = {};
  for (const [key, values] of Object.entries(c.form ?? {})) {
    form[key] = values.length > 1 ? values : values[0];
  }
  const holds = plivo.validateV3Signature(c.method, c.url, c.nonce, token, c.signature, form);
  const kind = `${c.name} ${holds}`;
  kept[kind] = (kept[kind] ?? 0) + 1;
  if (kept[kind] <= 40) {
    all.push({ ...c, holds });
  }
}
console.error(kept);
console.log(JSON.stringify(all).replaceAll('},{"name"', '},\n{"name"'));
