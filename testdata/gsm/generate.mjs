// Writes segments.json: how two independent tools, Twilio's sms-segments-calculator and split-sms, segment the texts below.
// Run it once more only to add texts, in an empty directory outside the repository:
//
//   npm install sms-segments-calculator@1.3.0 split-sms@0.1.7
//   cp …/testdata/gsm/generate.mjs . && node generate.mjs > …/testdata/gsm/segments.json
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const { SegmentedMessage } = require('sms-segments-calculator')
const splitter = require('split-sms')

const family = '👨‍👩‍👧‍👦'
const flag = '🇬🇧'
const accent = 'e\u0301'
const texts = [
  'a',
  'Hello, world',
  'a'.repeat(160),
  'a'.repeat(161),
  'a'.repeat(306),
  'a'.repeat(307),
  'a'.repeat(459),
  'a'.repeat(460),
  '€'.repeat(80),
  '€'.repeat(81),
  'a'.repeat(152) + '€' + 'a'.repeat(7),
  'a'.repeat(152) + '€' + 'a'.repeat(152),
  'a'.repeat(153) + '{' + 'a'.repeat(151) + '}',
  '[]{}~|^\\\f€',
  '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑ\u00dc\u00a7¿äöñüà',
  'ça va',
  '`',
  'tab\there',
  'ы'.repeat(70),
  'ы'.repeat(71),
  'ы'.repeat(134),
  'ы'.repeat(135),
  'ы'.repeat(66) + '😀' + 'ы'.repeat(66),
  '😀'.repeat(35),
  '😀'.repeat(36),
  '😀' + ']'.repeat(69),
  'ы'.repeat(67) + family,
  'ы'.repeat(60) + family + 'ы'.repeat(60),
  'ы'.repeat(66) + accent + 'ы'.repeat(20),
  'ы'.repeat(65) + flag + 'ы'.repeat(20),
  flag.repeat(20),
  family.repeat(12),
  '中文短信'.repeat(20),
  'سلام '.repeat(30),
  'नमस्ते '.repeat(20),
  '한국어 '.repeat(30),
  'Hi “Ana” – 20 % off… ' + 'x'.repeat(120),
  'line\n'.repeat(40),
]

const joined = (segment) => Array.from(segment).flatMap((c) => (c.isUserDataHeader ? [] : [c.raw ?? ''])).join('')
console.log(JSON.stringify(
  texts.map((text) => {
    const twilio = new SegmentedMessage(text)
    const split = splitter.split(text)
    return {
      text,
      encoding: twilio.getEncodingName(),
      segments: twilio.segmentsCount,
      twilio: twilio.segments.map(joined),
      split_sms: split.parts.map((p) => p.content),
      units: split.characterSet === 'GSM' ? split.bytes : split.bytes / 2,
    }
  }), null, 1))
