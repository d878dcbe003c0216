import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { launch } from '../support/browser.js';
import { type Setup, setup } from '../support/setup.js';

const SCREENSHOTS = 'coverage/screenshots';

describe('K2: Swagger UI in a browser', () => {
  let app: Setup;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    app = await setup();
    await app.app.listen(0, '127.0.0.1');
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (error) => void complaints.push(error.message));
    await page.goto(`${await app.app.getUrl()}/docs`);
    await page.locator('.opblock').first().waitFor();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  const operation = (id: string): Locator => page.locator(`.opblock[id$="-${id}"]`);

  /** Opens an operation, gives it a body, sends it, and returns the status that the page shows. */
  async function execute(id: string, body?: object): Promise<string> {
    const block = operation(id);
    await block.locator('.opblock-summary-control').click();
    if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
    await block.locator('button.execute').click();
    const status = block.locator('.live-responses-table .response-col_status');
    await status.last().waitFor();
    return (await status.last().innerText()).trim();
  }

  it('groups the routes by feature and is content with the security policy', async () => {
    const tags = await page
      .locator('.opblock-tag')
      .evaluateAll((all) => all.map((tag) => tag.getAttribute('data-tag')));
    expect(tags).toEqual(expect.arrayContaining(['Auth', 'Health', 'Users']));
    expect(complaints).toEqual([]);
    await page.screenshot({ path: `${SCREENSHOTS}/docs.png`, fullPage: true });
  });

  it('fills in an example for each body', async () => {
    const block = operation('authRegister');
    await block.locator('.opblock-summary-control').click();
    const example = JSON.parse(await block.locator('textarea.body-param__text').inputValue()) as object;
    expect(example).toEqual({
      email: 'ada@example.com',
      password: expect.any(String),
      firstName: 'Ada',
      lastName: 'Lovelace',
    });
    await page.screenshot({ path: `${SCREENSHOTS}/register.png`, fullPage: true });
    await block.locator('.opblock-summary-control').click();
  });

  it('is signed in by what it executes', async () => {
    const email = `${randomUUID()}@example.com`;
    const password = 'correct horse battery';
    expect(await execute('usersMe')).toBe('401');
    expect(await execute('authRegister', { email, password, firstName: 'Ada', lastName: 'Lovelace' })).toBe(
      '201',
    );
    const me = operation('usersMe');
    await me.locator('button.execute').click();
    await me.locator('.live-responses-table .response-col_status', { hasText: '200' }).first().waitFor();
    expect(await me.locator('.live-responses-table').innerText()).toContain(email);
    await page.screenshot({ path: `${SCREENSHOTS}/signed-in.png`, fullPage: true });
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
  });
});
