import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export interface Account {
  readonly email: string;
  readonly email_verified: boolean;
  readonly name: string;
}

interface GrantContext {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
    readonly provider: Provider;
  };
}

/** A certified issuer on loopback, with a form that takes any password, and a public client whose consent is given. */
export class OidcIssuer {
  readonly address: string;
  readonly #server: Server;
  readonly #accounts: Readonly<Record<string, Account>>;

  private constructor(server: Server, accounts: Readonly<Record<string, Account>>) {
    this.#server = server;
    this.#accounts = accounts;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(redirectUri: string, accounts: Readonly<Record<string, Account>>): Promise<OidcIssuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = new OidcIssuer(server, accounts);
    server.on('request', issuer.#provider(redirectUri).callback());
    return issuer;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #provider(redirectUri: string): Provider {
    return new Provider(this.address, {
      clients: [
        {
          ...{ client_id: 'release', token_endpoint_auth_method: 'none' },
          ...{ redirect_uris: [redirectUri], grant_types: ['authorization_code'], response_types: ['code'] },
        },
      ],
      ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
      pkce: { required: () => true },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      cookies: { keys: ['for these tests alone'] },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: async () => ({ sub: id, ...this.#accounts[id] }),
      }),
      loadExistingGrant: async ({ oidc: { client, session, provider } }: GrantContext) => {
        const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
    });
  }
}
