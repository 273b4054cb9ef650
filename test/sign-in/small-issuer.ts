import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One key for all: making an RSA key takes long. */
const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const anothers = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** What an issuer does that no kept one can be made to do: it says whatever a test wants, or nothing. */
export class SmallIssuer {
  readonly #server: Server;
  readonly address: string;
  /** Claims of the next id token, over those that fit. */
  claims: Readonly<Record<string, unknown>> = {};
  userinfo: Readonly<Record<string, unknown>> | null = null;
  metadata: Readonly<Record<string, unknown>> = {};
  /** Answer of the token endpoint instead of tokens. */
  refusal: { readonly status: number; readonly error: string } | null = null;
  /** Paths that get no answer. */
  hanging: readonly string[] = [];
  signedByAnother = false;
  readonly asked: string[] = [];
  readonly posted: URLSearchParams[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<SmallIssuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = new SmallIssuer(server);
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      issuer.#answer(request.url ?? '', body, response);
    });
    return issuer;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(path: string, body: string, response: ServerResponse): void {
    this.asked.push(path);
    if (this.hanging.includes(path)) return;
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (path === '/.well-known/openid-configuration') return void json(200, this.#metadata());
    if (path === '/jwks') {
      const { kty, n, e } = own.publicKey.export({ format: 'jwk' });
      return void json(200, { keys: [{ kty, n, e, kid: 'one', alg: 'RS256', use: 'sig' }] });
    }
    if (path === '/userinfo') return void json(200, this.userinfo);
    this.posted.push(new URLSearchParams(body));
    if (this.refusal !== null) return void json(this.refusal.status, { error: this.refusal.error });
    json(200, { access_token: 'access', token_type: 'Bearer', expires_in: 60, id_token: this.#token() });
  }

  #metadata(): object {
    const at = (path: string) => `${this.address}${path}`;
    return {
      issuer: this.address,
      ...{ authorization_endpoint: at('/authorize'), token_endpoint: at('/token'), jwks_uri: at('/jwks') },
      ...(this.userinfo === null ? {} : { userinfo_endpoint: at('/userinfo') }),
      ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
      id_token_signing_alg_values_supported: ['RS256'],
      ...this.metadata,
    };
  }

  #token(): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.address, aud: 'release', iat: now, exp: now + 60, ...this.claims };
    const text = [{ alg: 'RS256', kid: 'one' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    const key: KeyObject = this.signedByAnother ? anothers.privateKey : own.privateKey;
    const signature = sign(
      'sha256',
      Buffer.from(text.join('.')),
      createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })),
    );
    return [...text, signature.toString('base64url')].join('.');
  }
}
