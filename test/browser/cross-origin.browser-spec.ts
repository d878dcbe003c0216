import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import { IsString } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { Public } from '../../src/core/auth/access.decorators.js';
import { Cookies } from '../../src/core/http/cookies.js';
import { Redirect } from '../../src/core/http/short-circuit.js';
import { AllowOrigins } from '../../src/core/routing/extras.decorators.js';
import { Responds } from '../../src/core/routing/responds.decorator.js';
import { launch } from '../support/browser.js';
import { type Setup, setup } from '../support/setup.js';

class Since {
  @IsString()
  since: string;
}

@Public()
@Controller('browser')
class BrowserController {
  constructor(private readonly cookies: Cookies) {}

  @Get('open')
  @AllowOrigins('*')
  @Responds('text/plain', { summary: 'For every origin' })
  open(): string {
    return 'open';
  }

  @Get('closed')
  @Responds('text/plain', { summary: 'For the service itself' })
  closed(): string {
    return 'closed';
  }

  @Get('welcome')
  @Responds(null, { summary: 'Sets a cookie', status: 303 })
  welcome(@Res({ passthrough: true }) reply: FastifyReply): never {
    this.cookies.set(reply, 'since', '2026');
    throw new Redirect('/docs');
  }

  @Get('since')
  @Responds(Since, { summary: 'Reads it' })
  since(@Req() request: FastifyRequest): Since {
    return { since: this.cookies.read(request, 'since') ?? 'never' };
  }
}

@Module({ controllers: [BrowserController] })
class BrowserModule {}

describe('H10: a browser', () => {
  let app: Setup;
  let api: string;
  let elsewhere: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    app = await setup({}, { imports: [BrowserModule] });
    await app.app.listen(0, '127.0.0.1');
    api = await app.app.getUrl();
    elsewhere = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<title>Elsewhere</title>');
    });
    await new Promise<void>((listening) => elsewhere.listen(0, '127.0.0.1', listening));
    browser = await launch();
    page = await browser.newPage();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    elsewhere?.close();
    await app?.close();
  });

  /** What a script of the page gets; a header of its own makes the browser ask first (preflight). */
  const fetched = (path: string) =>
    page.evaluate(
      (url) =>
        fetch(url, { headers: { 'x-request-id': 'from-a-browser' } }).then(
          (response) => response.text(),
          () => 'blocked',
        ),
      `${api}${path}`,
    );

  it('lets a page of another origin read the route that allows it, and no other', async () => {
    await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
    expect(await fetched('/api/v1/browser/open')).toBe('open');
    expect(await fetched('/api/v1/browser/closed')).toBe('blocked');
  });

  it('follows the redirect with the cookie, and hides it from scripts', async () => {
    await page.goto(`${api}/api/v1/browser/welcome`);
    expect(new URL(page.url()).pathname).toBe('/docs');
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ name: 'since', httpOnly: true, sameSite: 'Lax' }]);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(JSON.parse(await fetched('/api/v1/browser/since')).data.since).toBe('2026');
  });
});
