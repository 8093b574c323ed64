// Opens HTML reports in Chromium as their readers do: from a file, with scripts off and the network off.
//
//   node check.mjs [--shots DIR] FILE...
//
// Each file must show its twelve sections, ask for nothing, complain about nothing on the console, fit a wide and a
// narrow window, and have no violation that axe-core knows of, in light and in dark. axe is a script: it runs in a
// context of its own in which scripts are on, and is brought in by the driver, never by the page.
import {readFileSync, mkdirSync, statSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const args = process.argv.slice(2);
let shots = '';
if (args[0] === '--shots') {
  shots = resolve(args[1]);
  mkdirSync(shots, {recursive: true});
  args.splice(0, 2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let faults = 0;
const fault = (file, text) => { faults++; console.error(`${basename(file)}: ${text}`); };
const wide = {width: 1280, height: 900}, narrow = {width: 390, height: 844};

async function open(file, options) {
  const context = await browser.newContext({offline: true, viewport: wide, ...options});
  const page = await context.newPage();
  const url = pathToFileURL(resolve(file)).href;
  page.on('request', r => { if (r.url() !== url && !r.url().startsWith('data:')) fault(file, `asks for ${r.url()}`); });
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) fault(file, `console: ${m.text()}`); });
  page.on('pageerror', e => fault(file, `error: ${e}`));
  await page.goto(url, {waitUntil: 'load'});
  return {context, page};
}

for (const file of args) {
  if (statSync(file).size > 500_000) fault(file, `has ${statSync(file).size} bytes`);
  for (const colorScheme of ['light', 'dark']) {
    const {context, page} = await open(file, {javaScriptEnabled: false, colorScheme});
    const sections = await page.locator('main section.card h2').count();
    if (sections < 12) fault(file, `shows ${sections} sections`);
    if (shots) await page.screenshot({path: join(shots, `${basename(file, '.html')}-${colorScheme}.png`), fullPage: true});
    if (shots && colorScheme === 'light') {
      await page.setViewportSize({width: 1280, height: 1475});
      await page.screenshot({path: join(shots, `${basename(file, '.html')}-top.png`)});
      await page.setViewportSize(narrow);
      await page.screenshot({path: join(shots, `${basename(file, '.html')}-narrow.png`), fullPage: true});
      await page.emulateMedia({media: 'print'});
      await page.pdf({path: join(shots, `${basename(file, '.html')}.pdf`), format: 'A4', printBackground: true});
    }
    await context.close();
  }
  for (const [colorScheme, viewport] of [['light', wide], ['dark', wide], ['light', narrow]]) {
    const {context, page} = await open(file, {colorScheme, viewport, bypassCSP: true});
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (over > 0) fault(file, `${viewport.width} wide: ${over} pixels do not fit`);
    await page.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = true; }));
    await page.evaluate(axe);
    const {violations} = await page.evaluate(() => window.axe.run(document, {resultTypes: ['violations']}));
    for (const v of violations) fault(file, `axe, ${colorScheme} ${viewport.width}: ${v.id}: ${v.help}\n  ${v.nodes.slice(0, 4).map(n => n.target.join(' ') + '\n    ' + n.failureSummary.replaceAll('\n', ' ')).join('\n  ')}`);
    await context.close();
  }
}
await browser.close();
if (faults) process.exit(1);
console.log(`${args.length} pages: no request, nothing on the console, no violation`);
