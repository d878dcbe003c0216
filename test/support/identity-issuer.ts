import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Agent } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { exportJWK, SignJWT } from 'jose';

export interface IssuerKey {
  kid: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export function makeKey(kid: string): IssuerKey {
  return { kid, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

/** An identity provider on this machine: OpenID Connect discovery and keys, and what Google shows of Firebase's keys. */
export class IdentityIssuer {
  /** Those that it shows. */
  keys = [makeKey('first')];
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  isDown = false;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.asked.push(request.url!);
      if (this.isDown) return void response.writeHead(500).end();
      void this.answerTo(request.url!).then((answer) => {
        response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=3600' });
        response.end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<IdentityIssuer> {
    const issuer = new IdentityIssuer();
    issuer.server.listen(0, '127.0.0.1');
    await once(issuer.server, 'listening');
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Goes here, without TLS, wherever it is meant to go. */
  get agent(): Agent {
    const agent = new Agent();
    agent.createConnection = () => connect(this.port, '127.0.0.1');
    return agent;
  }

  /** @param claims among them `iss`, `aud`, `sub`; the times are added */
  async sign(claims: object, header: object = {}, key = this.keys[0]!): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { kid, privateKey } = key;
    return new SignJWT({ iat: now, auth_time: now, exp: now + 3600, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT', ...header })
      .sign(privateKey);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private async answerTo(path: string): Promise<object> {
    if (path.includes('/robot/')) {
      const pem = ({ publicKey }: IssuerKey) => publicKey.export({ type: 'spki', format: 'pem' });
      return Object.fromEntries(this.keys.map((key) => [key.kid, pem(key)]));
    }
    if (path === '/jwks') {
      const jwk = async ({ kid, publicKey }: IssuerKey) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg: 'RS256',
      });
      return { keys: await Promise.all(this.keys.map(jwk)) };
    }
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/jwks`,
      authorization_endpoint: `${this.url}/authorize`,
    };
  }
}
