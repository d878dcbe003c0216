import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import packageJson from '../../../package.json' with { type: 'json' };
import { listRoutes } from '../routing/list-routes.js';
import { ENVELOPE_SCHEMAS } from './envelope-schemas.js';
import { documentRoute } from './route-docs.js';

const HOW_TO_SIGN_IN =
  'Execute a route that answers with an access token, and this page sends it from then on.';

/** The OpenAPI 3.1 document of the running application, from what its routes and DTOs declare. */
export function createOpenApiDocument(app: NestFastifyApplication): OpenAPIObject {
  for (const route of listRoutes(app)) documentRoute(route);
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(packageJson.name)
    .setDescription(`${packageJson.description}\n\n${HOW_TO_SIGN_IN}`)
    .setVersion(packageJson.version)
    .setLicense(packageJson.license, 'https://opensource.org/license/mit')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'The `accessToken` of a sign-in, or an API key.',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: operationIdOf,
  });
  Object.assign(document.components!.schemas!, ENVELOPE_SCHEMAS);
  return document;
}

const documents = new WeakMap<NestFastifyApplication, OpenAPIObject>();

/** The same, made once for an application. */
export function openApiDocumentOf(app: NestFastifyApplication): OpenAPIObject {
  let document = documents.get(app);
  if (!document) documents.set(app, (document = createOpenApiDocument(app)));
  return document;
}

/** Names an operation, in the document and in clients made from it: `UsersController.list` is `usersList`. */
export const operationIdOf = (controller: string, method: string): string =>
  `${lowerFirst(controller.replace(/Controller$/, ''))}${upperFirst(method)}`;

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
