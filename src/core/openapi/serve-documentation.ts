import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import packageJson from '../../../package.json' with { type: 'json' };
import { signInFromResponse } from './sign-in-from-response.js';

const OPTIONS = {
  persistAuthorization: true,
  displayRequestDuration: true,
  tagsSorter: 'alpha',
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
};

/** What the page loads from `swagger-ui-dist`. */
const FILES = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
];
const MEDIA_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
};

/**
 * Swagger UI at `/docs`, the document at `/docs-json` and `/docs-yaml`. What makes them is loaded, and the document
 * made, when somebody first asks. Call it before the application is initialised.
 */
export function serveDocumentation(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const document = async () => (await import('./openapi.js')).openApiDocumentOf(app);
  fastify.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(page('docs/')));
  fastify.get('/docs/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page('')));
  fastify.get('/docs/start.js', (_request, reply) => reply.type(MEDIA_TYPES['.js']!).send(START));
  for (const file of FILES) fastify.get(`/docs/${file}`, (_request, reply) => sendFile(reply, file));
  fastify.get('/docs-json', async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(await document())),
  );
  fastify.get('/docs-yaml', async (_request, reply) => {
    const { dump } = await import('js-yaml');
    return reply.type('text/yaml; charset=utf-8').send(dump(await document(), { noRefs: true }));
  });
}

function sendFile(reply: FastifyReply, file: string): FastifyReply {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  return reply
    .type(MEDIA_TYPES[extname(file)]!)
    .header('Cache-Control', 'public, max-age=3600')
    .send(createReadStream(join(folder, file)));
}

/** @param folder of the page's files, as seen from the page */
const page = (folder: string) => `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${packageJson.name} API</title>
    <link rel="stylesheet" href="${folder}swagger-ui.css">
    <link rel="icon" type="image/png" sizes="32x32" href="${folder}favicon-32x32.png">
    <link rel="icon" type="image/png" sizes="16x16" href="${folder}favicon-16x16.png">
    <style>body { margin: 0 } .swagger-ui .topbar { display: none }</style>
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${folder}swagger-ui-bundle.js"></script>
    <script src="${folder}swagger-ui-standalone-preset.js"></script>
    <script src="${folder}start.js"></script>
  </body>
</html>
`;

/** The policy allows no inline script. The document's address is relative, so the page works behind any prefix. */
const START = `window.ui = SwaggerUIBundle({
  ...${JSON.stringify(OPTIONS)},
  url: new URL('../docs-json', document.currentScript.src).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  plugins: [SwaggerUIBundle.plugins.DownloadUrl],
  layout: 'StandaloneLayout',
  responseInterceptor: ${signInFromResponse.toString()},
});
`;
