import { applyDecorators, Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { Authenticated, Public } from '../../core/auth/access.decorators.js';
import { DynamicError } from '../../core/errors/errors.js';
import { Transactional } from '../../core/firestore/transactional.decorator.js';
import { Cookies } from '../../core/http/cookies.js';
import { Idempotent } from '../../core/http/idempotency.js';
import { Redirect } from '../../core/http/short-circuit.js';
import { HttpClient } from '../../core/http-client/http-client.js';
import { UpstreamError, UpstreamTimeout } from '../../core/http-client/http-client.errors.js';
import { AllowOrigins, BodyLimit, BodyParser, HiddenFromDocs } from '../../core/routing/extras.decorators.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import { NoteBody, NotePath, NoteResponse, RatePath, RateResponse, VisitResponse } from './examples.dto.js';
import { NoteNotFound } from './examples.errors.js';
import { NotesService } from './notes.service.js';

/** A retry of the client makes no second one; a note in Markdown is read as well as one in JSON. */
const CreatesNote = () =>
  applyDecorators(
    Idempotent(),
    Transactional({ readOnly: false }),
    BodyLimit(4096),
    BodyParser('text/markdown', (text) => ({ text: text.trim() })),
  );

/** What the users do not show of the HTTP contract. To be without it: delete this folder and its line in app.module.ts. */
@ApiTags('Examples')
@Controller('examples')
export class ExamplesController {
  constructor(
    private readonly notes: NotesService,
    private readonly cookies: Cookies,
    private readonly http: HttpClient,
  ) {}

  @Post('notes')
  @Authenticated()
  @CreatesNote()
  @Responds(NoteResponse, { summary: 'Create a note', status: 201, otherStatuses: [200] })
  async createNote(
    @Body() { text }: NoteBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NoteResponse> {
    const { id } = await this.notes.create(text);
    reply.header('location', `/api/v1/examples/notes/${id}`);
    return { id, text };
  }

  @Get('notes/:id')
  @Authenticated()
  @Transactional()
  @Responds(NoteResponse, { summary: 'Read a note', etag: true, errors: [NoteNotFound] })
  async note(@Param() path: NotePath): Promise<NoteResponse> {
    const { id, text } = await this.notes.findOrFail(path.id);
    return { id, text };
  }

  @Get('feed')
  @Public()
  @AllowOrigins('*')
  @Responds('application/xml', { summary: 'An XML document, readable from any web page' })
  feed(): string {
    return '<?xml version="1.0"?><feed><title>Examples</title></feed>';
  }

  @Get('welcome')
  @Public()
  @Responds(null, { summary: 'Go on to the documentation, with a cookie', status: 303 })
  welcome(@Res({ passthrough: true }) reply: FastifyReply): never {
    this.cookies.set(reply, 'since', new Date().toISOString(), { maxAge: 3600 });
    throw new Redirect('/docs');
  }

  @Get('visit')
  @Public()
  @Responds(VisitResponse, { summary: 'What the cookie says', otherStatuses: [303] })
  visit(@Req() request: FastifyRequest): VisitResponse {
    const since = this.cookies.read(request, 'since');
    if (since === undefined) throw new Redirect('/api/v1/examples/welcome');
    return { since };
  }

  @Get('rates/:currency')
  @Public()
  @Responds(RateResponse, {
    summary: 'Relay the answer, or the error, of another service',
    errors: [UpstreamError, UpstreamTimeout, DynamicError],
  })
  async rate(@Param() { currency }: RatePath): Promise<RateResponse> {
    const call = { answer: RateResponse, forward: ['accept-language'] };
    return this.http.call(`https://rates.example/v1/${currency}`, call).catch((error: unknown) => {
      if (!(error instanceof UpstreamError) || error.upstreamStatus !== 404) throw error;
      throw new DynamicError({ status: 404, code: 'NO_SUCH_CURRENCY', message: `There is no ${currency}.` });
    });
  }

  @Get('hidden')
  @Public()
  @HiddenFromDocs()
  @Responds(null, { summary: 'Not in the documentation' })
  hidden(): void {}
}
