// Writes croner.json: when npm's croner 11.0.1 runs the expressions below in these zones. It has our policy at changes of the
// clocks with fixedTimeRule "no-wildcard". In a folder where croner is installed:
//
//   node …/testdata/schedule/generate.mjs > …/testdata/schedule/croner.json     all years, some minutes
//   node …/testdata/schedule/generate.mjs --check FILE YEAR                     one year again, held against the file
//
// For each zone and expression: "runs:hash" of each year (UTC), the hash being the first ten digits of the SHA-256 of the
// runs' minutes since 1970, one a line. For each change of a zone's clocks the runs from twelve hours before it to twelve
// after, as minutes from the change, so that a difference can be looked at.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

const FROM = 2016, TO = 2025
const ZONES = ['America/New_York', 'Europe/London', 'Australia/Lord_Howe', 'America/Santiago', 'Africa/Casablanca', 'Asia/Tehran',
  'America/Sao_Paulo', 'Pacific/Chatham', 'Antarctica/Troll', 'Africa/Cairo', 'Asia/Kolkata', 'Asia/Pyongyang']
const EXPRS = ['0 9 * * MON', '30 2 * * *', '30 1 * * *', '0 0 * * *', '15,45 2 * * *', '0 2-3 * * *', '0 12 1 * *', '0 8 13 * 5',
  '0 9 29 2 *', '*/30 1 * * *', '10 */12 * * *', '45 23 * JAN,MAR-APR,OCT-NOV SUN,6']

const require = createRequire(pathToFileURL(process.cwd() + '/'))
const { Cron } = require('croner')

const minute = (d) => Math.round(d.getTime() / 60000)

function* runs(expr, zone, from, to) {
  const cron = new Cron(expr, { timezone: zone, mode: '5-part', fixedTimeRule: 'no-wildcard' })
  for (let d = cron.nextRun(new Date(from - 1000)); d && d < to; d = cron.nextRun(d)) yield d
}

function offset(zone, at) {
  const text = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at).find((p) => p.type === 'timeZoneName').value
  return text
}

// changes are the minutes at which the zone's offset changes.
function changes(zone, from, to) {
  const found = [], day = 86400000
  for (let t = from; t < to; t += day) {
    const before = offset(zone, new Date(t))
    if (before === offset(zone, new Date(t + day))) continue
    let low = t, high = t + day
    while (high - low > 60000) {
      const middle = low + Math.floor((high - low) / 120000) * 60000
      if (offset(zone, new Date(middle)) === before) low = middle
      else high = middle
    }
    found.push(Math.round(high / 60000))
  }
  return found
}

function ofZone(zone, first, last) {
  const from = Date.UTC(first, 0, 1), to = Date.UTC(last + 1, 0, 1)
  const at = changes(zone, from, to)
  const out = { years: {}, changes: {} }
  for (const c of at) out.changes[c] = {}
  for (const expr of EXPRS) {
    const years = new Map()
    for (let y = first; y <= last; y++) years.set(y, [])
    for (const d of runs(expr, zone, from, to)) {
      years.get(d.getUTCFullYear()).push(minute(d))
      for (const c of at) if (Math.abs(minute(d) - c) <= 720) (out.changes[c][expr] ??= []).push(minute(d) - c)
    }
    out.years[expr] = [...years].map(([, m]) => m.length + ':' + createHash('sha256').update(m.join('\n')).digest('hex').slice(0, 10))
  }
  return out
}

const work = (zone, first, last) => new Promise((resolve, reject) => {
  const w = new Worker(new URL(import.meta.url), { workerData: { zone, first, last } })
  w.once('message', resolve)
  w.once('error', reject)
})

if (!isMainThread) {
  parentPort.postMessage(ofZone(workerData.zone, workerData.first, workerData.last))
} else if (process.argv[2] === '--check') {
  const kept = JSON.parse(readFileSync(process.argv[3])), year = Number(process.argv[4])
  let wrong = 0
  for (const zone of ZONES) {
    const now = ofZone(zone, year, year)
    for (const expr of EXPRS) {
      const was = kept.zones[zone].years[expr][year - kept.from]
      if (was !== now.years[expr][0]) { wrong++; console.error(`${zone} ${expr} ${year}: ${now.years[expr][0]}, the file has ${was}`) }
    }
  }
  console.log(`${ZONES.length} zones, ${EXPRS.length} expressions, ${year}: ${wrong} differ`)
  process.exit(wrong ? 1 : 0)
} else {
  const done = await Promise.all(ZONES.map((z) => work(z, FROM, TO)))
  const zones = ZONES.map((z, i) => {
    const years = EXPRS.map((e) => `   ${JSON.stringify(e)}: ${JSON.stringify(done[i].years[e])}`).join(',\n')
    const at = Object.entries(done[i].changes).map(([c, r]) => `   "${c}": ${JSON.stringify(r)}`).join(',\n')
    return ` ${JSON.stringify(z)}: {"years": {\n${years}},\n  "changes": {\n${at}}}`
  })
  console.log(`{"croner": "11.0.1", "from": ${FROM}, "to": ${TO}, "zones": {\n${zones.join(',\n')}\n}}`)
}
