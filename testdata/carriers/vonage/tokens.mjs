// Makes tokens.json: what Vonage's own library says of tokens.
//
//   npm install @vonage/jwt@1.14.0 jsonwebtoken@9 && node tokens.mjs <ours.txt >tokens.json
//
// ours.txt is a token that the carrier made for a request and the public key of it, as `go test -run
// TestApplicationSigns -v` prints them. The
// library has one way of making tokens (RS256, for requests) and one of judging them (both kinds): webhooks are signed
// here by jsonwebtoken, on which it is built.
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tokenGenerate, verifySignature } from '@vonage/jwt';
import jsonwebtoken from 'jsonwebtoken';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const application = '00000000-1111-4222-8333-444444444444';
const secret = 'canary-signature-secret-02';

const webhooks = [];
for (const [name, body] of Object.entries({
  plain: '{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","status":"delivered"}',
  unicode: '{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","status":"rejected","error":{"title":1210,"detail":"Zoë €"}}',
})) {
  const claims = {
    iss: 'Vonage', api_key: 'abcd1234', application_id: application, iat: 1772366370, jti: name,
    payload_hash: createHash('sha256').update(body).digest('hex'),
  };
  const sign = (how, by = secret) => jsonwebtoken.sign(claims, by, { algorithm: how });
  const honest = sign('HS256');
  for (const [kind, token] of Object.entries({
    honest,
    'other secret': sign('HS256', 'guess'),
    'no signature': sign('none', null),
    'HS512': sign('HS512'),
    'RS256': sign('RS256', pem),
    'changed': honest.slice(0, -3) + (honest.endsWith('AAA') ? 'BBB' : 'AAA'),
  })) {
    webhooks.push({ name: `${name}, ${kind}`, body, token, holds: verifySignature(token, secret) });
  }
}

const [token, key] = readFileSync(0, 'utf8').trim().split(/\s+/);
const spki = Buffer.from(key, 'base64');
const requests = [
  {
    name: 'theirs', token: tokenGenerate(application, pem), holds: true,
    key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  },
  {
    name: 'ours', token, key,
    holds: verifySignature(token, createPublicKey({ key: spki, type: 'spki', format: 'der' }).export({ type: 'spki', format: 'pem' })),
  },
];
console.log(JSON.stringify({ webhooks, requests }, null, 1));
