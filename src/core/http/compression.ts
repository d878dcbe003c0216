import compress from '@fastify/compress';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { onSendHookHandler } from 'fastify';

/** In bytes: what is shorter gains nothing. */
const THRESHOLD = 1024;

/** Compresses long answers for callers that accept it. The plugin is not asked about what is certainly short: most answers. */
export async function registerCompression(app: NestFastifyApplication): Promise<void> {
  await app.register(compress, { threshold: THRESHOLD });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', (route) => {
      if (route.compress === false) return;
      const hooks = [route.onSend ?? []].flat() as onSendHookHandler[];
      const plugin = hooks.pop(); // it has just been put there, behind those of the route itself
      if (!plugin) return;
      route.onSend = [
        ...hooks,
        function (request, reply, payload, done) {
          const isShort = typeof payload === 'string' && payload.length * 3 < THRESHOLD; // no character has more bytes
          if (isShort) done(null, payload);
          else plugin.call(this, request, reply, payload, done);
        } satisfies onSendHookHandler,
      ];
    });
}
