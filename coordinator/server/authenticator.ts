/**
 * How a connection proves who it is: `auth` packets (digest), a SASL exchange (DIGEST-MD5), and what happens to requests of those
 * who must and have not (`AuthenticationHelper`, `ZooKeeperServer.processSasl`).
 */
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Id } from '../../shared/znode/acl.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Data } from '../../shared/znode/operations.ts';
import { DigestMd5Server } from '../session/sasl-digest-md5.ts';
import type { AccessRules } from '../tree/acl-check.ts';
import { authenticate } from '../tree/acl-check.ts';
import type { Client } from './client.ts';

export interface AuthenticatorOptions {
  rules: AccessRules;
  /** Name to password; null: SASL was not set up. */
  saslUsers: ReadonlyMap<string, string> | null;
  /** SASL identities that may do anything. */
  superUsers: ReadonlySet<string>;
  /** Names by which clients may expect this ensemble; none: any will do. */
  ensembleNames: readonly string[];
  /** Connections must have an identity of one of these schemes before their requests count; empty: they needn't. */
  enforcedSchemes: readonly string[];
  /** `allowSaslFailedClients`: who failed stays, without the identity. */
  allowSaslFailed: boolean;
  /** Something never used before that nobody can guess. */
  nonce(): string;
  log: Logger;
}

export type SaslReply = { ok: true; token: Data } | { ok: false; error: number };

export class Authenticator {
  private readonly options: AuthenticatorOptions;
  readonly isEnforced: boolean;

  constructor(options: AuthenticatorOptions) {
    this.options = options;
    this.isEnforced = options.enforcedSchemes.length > 0;
  }

  /** Has `client` shown what every client here has to? */
  isAdmitted(client: Client): boolean {
    return client.ids.some(({ scheme }) => this.options.enforcedSchemes.includes(scheme));
  }

  /** An auth packet: adds identities; `failed` ends the connection, `elsewhere` does too, without an answer. */
  auth(client: Client, scheme: string, auth: Data): 'ok' | 'failed' | 'elsewhere' {
    const { rules, ensembleNames } = this.options;
    if (scheme === 'ensemble' && rules.providers.has(scheme)) {
      // Who expects another ensemble shall try another server: an answer would end its session (`EnsembleAuthenticationProvider`).
      const expected = Buffer.from(auth ?? []).toString();
      return expected === '' || ensembleNames.length === 0 || ensembleNames.includes(expected) ? 'ok' : 'elsewhere';
    }
    // What the certificate proved at the handshake is proved: an `auth` packet adds nothing.
    if (scheme === 'x509' && client.door.certified !== null && client.door.certified.length > 0) return 'ok';
    const ids = authenticate(rules, scheme, auth, client.door.remoteAddress);
    if (ids === null) return 'failed';
    addIds(client, ids);
    return 'ok';
  }

  /** One message of a SASL exchange. `ok` false ends the connection. */
  sasl(client: Client, token: Data): SaslReply {
    const { saslUsers, log, nonce, superUsers } = this.options;
    // The original answers so when nothing was set up; the client goes on without the identity.
    if (saslUsers === null) return { ok: true, token: null };
    client.sasl ??= new DigestMd5Server((user) => saslUsers.get(user), nonce());
    const step = client.sasl.step(token);
    const who = `/${client.door.remoteAddress}:${client.door.remotePort}`;
    switch (step.kind) {
      case 'challenge':
        return { ok: true, token: step.token };
      case 'done': {
        client.sasl = null;
        log.info(`Successfully authenticated client ${who}: authenticationID=${step.user}`);
        const ids: Id[] = [{ scheme: 'sasl', id: step.user }];
        addIds(client, superUsers.has(step.user) ? [...ids, { scheme: 'super', id: '' }] : ids);
        return { ok: true, token: step.token };
      }
      case 'failed': {
        client.sasl = null;
        log.warn(`Client ${who} failed to SASL authenticate: ${step.reason}`);
        const required = this.options.enforcedSchemes.includes('sasl');
        if (this.options.allowSaslFailed && !required) return { ok: true, token: null };
        return { ok: false, error: required ? ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH : ErrorCode.AUTHFAILED };
      }
    }
  }
}

function addIds(client: Client, ids: readonly Id[]): void {
  for (const id of ids) {
    if (!client.ids.some((own) => own.scheme === id.scheme && own.id === id.id)) client.ids.push(id);
  }
}
