import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { leftOutWithout } from '../helpers/left-out.ts';
import { eventually, gtube, message, startServer, type TestServer } from './server.ts';

const page3 = '/usr/share/rspamd/www';
const browserProgram = '/usr/bin/chromium';
const stepTimeoutMs = 10_000;

/** What the browser complains about by itself, where nothing is wrong. */
const expectedComplaints = [
  // The page asks for /stat without a password to see whether it needs one.
  /401 \(Unauthorized\)/,
];

describe("Rspamd's own web page", {
  skip: leftOutWithout({ rspamd: join(page3, 'index.html'), chromium: browserProgram }),
}, () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  let folder: string;
  const complaints: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-page-'));
    await writeFile(join(folder, 'senders.map'), 'mallory@example.com\n');
    server = await startServer({
      'local.d/worker-controller.inc': `static_dir = "${page3}";\nsecure_ip = [];\npassword = "correct horse";\n`,
      'local.d/multimap.conf': `KNOWN_SENDER { type = "from"; map = "${folder}/senders.map"; score = 2; }\n`,
    });
    await server.scan(message, {
      User: 'alice',
      IP: '192.0.2.1',
      From: 'alice@example.com',
      Rcpt: 'bob@example.net',
    });
    await server.scan(message, { From: 'mallory@example.com', Rcpt: 'bob@example.net' });
    await server.scan(gtube, { From: 'mallory@example.com', Rcpt: 'bob@example.net' });
    const headers = { Password: 'correct horse' };
    await eventually(async () => {
      const { scanned } = (await (await server.control('/stat', { headers })).json()) as { scanned: number };
      return scanned >= 3;
    });
    browser = await chromium.launch({
      executablePath: browserProgram,
      timeout: 60_000,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-dev-shm-usage',
      ],
    });
    page = await browser.newPage({
      viewport: { width: 1400, height: 1000 },
      locale: 'en-GB',
      reducedMotion: 'reduce',
    });
    page.setDefaultTimeout(stepTimeoutMs);
    page.on('console', (entry) => {
      if (entry.type() === 'error') complaints.push(entry.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('response', (response) => {
      if (response.status() >= 400 && response.status() !== 401)
        complaints.push(`${response.status()} ${response.url()}`);
    });
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** Goes to a tab; the page locks its navigation for a second after each click. */
  async function open(tab: string): Promise<void> {
    await page.waitForSelector(`#${tab}_nav:not(.disabled)`);
    await page.click(`#${tab}_nav`);
    await page.waitForSelector(`#${tab}.active`);
  }

  const textOf = async (selector: string): Promise<string> => (await page.textContent(selector)) ?? '';

  /** Waits until an element says something. */
  async function says(selector: string, pattern: RegExp): Promise<void> {
    let text = '';
    try {
      await eventually(async () => {
        text = await textOf(selector);
        return pattern.test(text);
      }, stepTimeoutMs);
    } catch {
      assert.match(text, pattern, selector);
    }
  }

  test('asks for the password, refuses a wrong one and takes the right one', async () => {
    await page.goto(`http://127.0.0.1:${server.ports.controller}/`);
    await page.waitForSelector('#connectPassword', { state: 'visible' });
    await page.fill('#connectPassword', 'wrong');
    await page.click('#connectButton');
    await page.waitForSelector('.alert-error');
    await page.fill('#connectPassword', 'correct horse');
    await page.click('#connectButton');
    await page.waitForSelector('#mainUI', { state: 'visible' });
  });

  test('shows what was counted', async () => {
    await says('#statWidgets', /Scanned|scanned/);
    const text = (await textOf('#statWidgets')).replaceAll(/\s+/g, ' ');
    assert.match(text, /3\s*Scanned/i);
    await page.waitForSelector('#chart svg');
  });

  test('draws the throughput', async () => {
    await open('throughput');
    await page.waitForSelector('#graph svg path');
    await page.selectOption('#selData', 'week');
    await page.waitForSelector('#graph svg path');
  });

  test('lists actions and maps, and saves both', async () => {
    await open('configuration');
    await page.waitForSelector('#actionsFormField input');
    const thresholds = await page.$$eval('#actionsFormField input', (inputs) =>
      inputs.map((input) => input.value),
    );
    assert.ok(thresholds.includes('15'), thresholds.join());
    await page.fill('#actionsFormField input >> nth=0', '5');
    await page.click('#saveActionsBtn');
    await page.waitForSelector('.alert-success');
    await says('#listMaps', /senders\.map/);
    await page.click('#listMaps tr:has-text("senders.map") [data-toggle="modal"]');
    await says('#modalBody', /mallory@example\.com/);
    await page.click('#modalClose');
    await page.waitForSelector('#modalDialog', { state: 'hidden' });
  });

  test('lists symbols with their scores', async () => {
    await open('symbols');
    // The page shows a few at a time; its search field finds the others.
    for (const name of ['KNOWN_SENDER', 'GTUBE']) {
      await page.fill('#symbolsTable input[type="text"]', name);
      await page.press('#symbolsTable input[type="text"]', 'Enter');
      await says('#symbolsTable tbody', new RegExp(name));
    }
  });

  test('scans a message', async () => {
    await open('scan');
    await page.fill('#scanMsgSource', gtube);
    await page.click('#scan button[data-upload="scan"]');
    await says('#historyTable_scan', /reject/);
    await says('#historyTable_scan', /GTUBE/);
  });

  test('shows the history, and no errors', async () => {
    await open('history');
    await says('#historyTable_history', /mallory@example\.com/);
    const text = await textOf('#historyTable_history');
    for (const word of [
      'alice@example.com',
      'bob@example.net',
      'reject',
      'no action',
      'KNOWN_SENDER',
      'Greetings',
      '192.0.2.1',
    ])
      assert.ok(text.includes(word), `${word} in ${text}`);
    assert.doesNotMatch(text, /undefined|NaN|Invalid/);
    await page.waitForSelector('#errorsLog');
  });

  test('tries selectors', async () => {
    await open('selectors');
    await says('#selectorsTable-extractors', /header/);
    assert.doesNotMatch(await textOf('#selectorsTable-transforms'), /undefined/);
    await page.fill('#selectorsMsgArea', message);
    await page.fill('#selectorsSelArea', "header('Subject').lower");
    await page.waitForSelector('#selectorsSelArea.is-valid');
    await page.click('#selectorsChkMsgBtn');
    await eventually(async () => (await page.inputValue('#selectorsResArea')) === 'greetings');
    await page.fill('#selectorsSelArea', 'nosuch');
    await page.waitForSelector('#selectorsSelArea.is-invalid');
  });

  test('a saved map is written to its file', async () => {
    await open('configuration');
    await page.click('#listMaps tr:has-text("senders.map") [data-toggle="modal"]');
    await says('#modalBody', /mallory@example\.com/);
    await page.locator('#editor').fill('eve@example.com\n');
    await page.click('#modalSave');
    await eventually(async () =>
      (await readFile(join(folder, 'senders.map'), 'utf8')).includes('eve@example.com'),
    );
  });

  test('the browser had nothing to complain about', () => {
    assert.deepEqual(
      complaints.filter((text) => !expectedComplaints.some((pattern) => pattern.test(text))),
      [],
    );
  });
});
