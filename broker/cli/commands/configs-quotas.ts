/**
 * What kafka-configs does for users, client ids and addresses: quotas (DescribeClientQuotas, AlterClientQuotas) and, of users, SCRAM
 * credentials (DescribeUserScramCredentials, AlterUserScramCredentials).
 */
import { randomBytes } from 'node:crypto';
import type { Admin } from '../../client/admin.ts';
import { KafkaError } from '../../client/errors.ts';
import { ErrorCode } from '../../protocol/error-codes.ts';
import { describeClientQuotas, type DescribeClientQuotasResponse } from '../../protocol/messages/48-describe-client-quotas.ts';
import { alterClientQuotas } from '../../protocol/messages/49-alter-client-quotas.ts';
import { describeUserScramCredentials, type DescribeUserScramCredentialsResponse } from '../../protocol/messages/50-describe-user-scram-credentials.ts';
import { alterUserScramCredentials, type AlterUserScramCredentialsRequest } from '../../protocol/messages/51-alter-user-scram-credentials.ts';
import { saltPassword, SCRAM_SALT_SIZE, scramMechanism } from '../../security/scram-credentials.ts';
import type { ToolIo } from '../io.ts';
import { formatJavaDouble, parseJavaDouble } from '../java-double.ts';
import { illegalArgument } from '../java-exception.ts';
import { javaHash, javaHashOrder } from '../java-order.ts';
import { scalaMapOrder } from '../scala-order.ts';
import { checkDeleted, type Changes } from './configs-changes.ts';
import type { Target } from './configs-check.ts';
import { CONFIG_NAMES } from './configs-options.ts';
import { DESCRIBE_WAIT_MS } from './configs-resources.ts';
import { isScram, readScram, scramType, type ScramPassword } from './configs-scram.ts';

/** How the messages call the types, and how the output does, in the order in which it names them. */
const QUOTA_ENTITIES: Readonly<Record<string, { readonly entityType: string; readonly shown: string }>> = {
  users: { entityType: 'user', shown: 'user-principal' },
  clients: { entityType: 'client-id', shown: 'client-id' },
  ips: { entityType: 'ip', shown: 'ip' },
};
const MATCH = { EXACT: 0, DEFAULT: 1, SPECIFIED: 2 } as const;

type FoundQuotas = NonNullable<DescribeClientQuotasResponse['entries']>[number];
type CredentialsResult = DescribeUserScramCredentialsResponse['results'][number];
type Upsertion = AlterUserScramCredentialsRequest['upsertions'][number];

const isQuota = (name: string): boolean => (CONFIG_NAMES.clients as readonly string[]).includes(name);
const isIpQuota = (name: string): boolean => (CONFIG_NAMES.ips as readonly string[]).includes(name);

export async function describeQuotas(admin: Admin, target: Target, io: ToolIo): Promise<void> {
  for (const { entity, values } of inJavaOrder(await findQuotas(admin, target))) {
    const names = new Map(entity.map(({ entityType, entityName }) => [entityType, entityName]));
    const shown = Object.values(QUOTA_ENTITIES).flatMap(({ entityType, shown: type }) => {
      const name = names.get(entityType);
      return name === undefined ? [] : [name === null ? `the default ${type}` : `${type} '${name}'`];
    });
    const quotas = javaHashOrder(values, ({ key }) => key, values.length).map(({ key, value }) => `${key}=${formatJavaDouble(value)}`);
    io.out(`Quota configs for ${shown.join(', ')} are ${quotas.join(', ')}\n`);
  }
  const isOfUsersAlone = target.types[0] === 'users' && target.types.length === 1;
  if (isOfUsersAlone && !target.names.includes('')) await describeCredentials(admin, target.names, io);
}

/** Kafka's tool prints from a map with the entities for keys, which are maps themselves. */
function inJavaOrder(found: readonly FoundQuotas[]): FoundQuotas[] {
  const hashOf = ({ entity }: FoundQuotas): number =>
    entity.reduce((sum, { entityType, entityName }) => (sum + (javaHash(entityType) ^ (entityName === null ? 0 : javaHash(entityName)))) | 0, 31);
  return javaHashOrder(found, hashOf, found.length);
}

/** The quotas of exactly these types' combination: of the names that were given, or of all. */
async function findQuotas(admin: Admin, { types, names }: Target): Promise<readonly FoundQuotas[]> {
  if (names.length > types.length) throw illegalArgument('More entity names specified than entity types');
  const components = types.map((type, at) => {
    const name = names[at];
    const matchType = name === undefined ? MATCH.SPECIFIED : name === '' ? MATCH.DEFAULT : MATCH.EXACT;
    return { entityType: QUOTA_ENTITIES[type]!.entityType, matchType, match: name === undefined || name === '' ? null : name };
  });
  const describe = async (): Promise<readonly FoundQuotas[]> => {
    const response = await admin.cluster.request(describeClientQuotas, { components, strict: true });
    admin.check(response.errorCode, response.errorMessage);
    return response.entries ?? [];
  };
  return admin.call('describeClientQuotas', describe, DESCRIBE_WAIT_MS);
}

async function describeCredentials(admin: Admin, users: readonly string[], io: ToolIo): Promise<void> {
  const request = { users: users.length === 0 ? null : users.map((name) => ({ name })) };
  const describe = async (): Promise<readonly CredentialsResult[]> => {
    const { errorCode, errorMessage, results } = await admin.cluster.request(describeUserScramCredentials, request);
    admin.check(errorCode, errorMessage);
    return results;
  };
  for (const { user, errorCode, errorMessage, credentialInfos } of await admin.call('describeUserScramCredentials', describe, DESCRIBE_WAIT_MS)) {
    if (errorCode === ErrorCode.RESOURCE_NOT_FOUND) continue;
    if (errorCode !== ErrorCode.NONE) {
      const why = new KafkaError(errorCode, errorMessage).asJava;
      io.out(`Error retrieving SCRAM credential configs for user-principal '${user}': ExecutionException: ${why}\n`);
      continue;
    }
    const shown = credentialInfos.map(({ mechanism, iterations }) => `${scramMechanism(mechanism)?.name ?? 'UNKNOWN'}=iterations=${iterations}`);
    io.out(`SCRAM credential configs for user-principal '${user}' are ${shown.join(', ')}\n`);
  }
}

export async function alterQuotas(admin: Admin, target: Target, changes: Changes): Promise<void> {
  const { types, names } = target;
  if (types[0] === 'ips') {
    const unknown = [...new Set([...changes.added.keys(), ...changes.deleted])].filter((name) => !isIpQuota(name));
    if (unknown.length > 0) {
      const message = `Only connection quota configs can be added for 'ips' using --bootstrap-server. Unexpected config names: ${unknown.join(',')}`;
      throw illegalArgument(message);
    }
    await writeQuotas(admin, target, changes);
    return;
  }
  const added = [...changes.added.keys()];
  const hasQuotas = [...added, ...changes.deleted].some(isQuota);
  if (types.includes('clients')) checkOfClients(added, changes.deleted);
  else checkOfUser(names[0]!, added, changes.deleted, hasQuotas);
  if (hasQuotas) await writeQuotas(admin, target, changes);
  else await writeCredentials(admin, names[0]!, changes);
}

function checkOfClients(added: readonly string[], deleted: readonly string[]): void {
  const refuse = (how: string, names: string): never => {
    throw illegalArgument(`Only quota configs can be ${how} for 'clients' using --bootstrap-server. Unexpected config names: ${names}`);
  };
  const sorted = (names: readonly string[]): string[] => [
    ...names.filter((name) => !isQuota(name) && !isScram(name)),
    ...names.filter(isScram),
  ];
  if (!added.every(isQuota)) refuse('added', asScalaSet(sorted(added)));
  if (!deleted.every(isQuota)) refuse('deleted', asArrayBuffer(sorted(deleted)));
}

function checkOfUser(user: string, added: readonly string[], deleted: readonly string[], hasQuotas: boolean): void {
  const refuse = (how: string, names: string): never => {
    throw illegalArgument(
      `Only quota and SCRAM credential configs can be ${how} for 'users' using --bootstrap-server. Unexpected config names: ${names}`,
    );
  };
  const unknown = (names: readonly string[]): string[] => names.filter((name) => !isQuota(name) && !isScram(name));
  if (unknown(added).length > 0) refuse('added', asScalaSet(unknown(added)));
  if (unknown(deleted).length > 0) refuse('deleted', asArrayBuffer(unknown(deleted)));
  if (![...added, ...deleted].some(isScram)) return;
  if (user === '') {
    throw illegalArgument('The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials using --bootstrap-server.');
  }
  if (hasQuotas) {
    throw illegalArgument("Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using --bootstrap-server.");
  }
}

const asScalaSet = (names: readonly string[]): string => `Set(${scalaMapOrder(names, javaHash).join(', ')})`;
const asArrayBuffer = (names: readonly string[]): string => `ArrayBuffer(${names.join(', ')})`;

async function writeQuotas(admin: Admin, target: Target, { added, deleted }: Changes): Promise<void> {
  const before = inJavaOrder(await findQuotas(admin, target))[0]?.values ?? [];
  checkDeleted(deleted, (name) => before.some(({ key }) => key === name));
  const entity = target.types.map((type, at) => ({ entityType: QUOTA_ENTITIES[type]!.entityType, entityName: target.names[at] || null }));
  const set = [...added].map(([key, text]) => {
    const value = parseJavaDouble(text);
    if (value === null) throw illegalArgument(`Cannot parse quota configuration value for ${key}: ${text}`);
    return { key, value, remove: false };
  });
  const ops = [...set, ...deleted.map((key) => ({ key, value: 0, remove: true }))];
  await admin.call('alterClientQuotas', async () => {
    const { entries } = await admin.cluster.request(alterClientQuotas, { entries: [{ entity, ops }], validateOnly: false });
    for (const { errorCode, errorMessage } of entries) admin.check(errorCode, errorMessage);
  });
}

async function writeCredentials(admin: Admin, name: string, { added, deleted }: Changes): Promise<void> {
  const passwords = [...added].map(([key, text]) => readScram(key, text, 'broker'));
  if (passwords.some(({ password }) => password === '')) throw new KafkaError(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Password must not be empty');
  const deletions = deleted.map((key) => ({ name, mechanism: scramType(key) }));
  const upsertions = await Promise.all(passwords.map((password) => upsertionOf(name, password)));
  await admin.call('alterUserScramCredentials', async () => {
    const { results } = await admin.toController(alterUserScramCredentials, { deletions, upsertions });
    for (const { errorCode, errorMessage } of results) admin.check(errorCode, errorMessage);
  });
}

/** The password itself stays here: the broker gets what it is after salt and iterations. */
async function upsertionOf(name: string, { mechanism, iterations, password }: ScramPassword): Promise<Upsertion> {
  const salt = randomBytes(SCRAM_SALT_SIZE);
  const saltedPassword = await saltPassword(mechanism, { password, salt, iterations });
  return { name, mechanism: mechanism.type, iterations, salt, saltedPassword };
}
