/** Quotas and credentials through the wire: AlterClientQuotas and DescribeClientQuotas, AlterUserScramCredentials and DescribeUserScramCredentials. */
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { describeClientQuotas } from '../../../broker/protocol/messages/48-describe-client-quotas.ts';
import { alterClientQuotas } from '../../../broker/protocol/messages/49-alter-client-quotas.ts';
import { describeUserScramCredentials } from '../../../broker/protocol/messages/50-describe-user-scram-credentials.ts';
import { alterUserScramCredentials } from '../../../broker/protocol/messages/51-alter-user-scram-credentials.ts';
import type { CoordinatorClient } from '../../../shared/client/client.ts';
import { TestCluster, type TestClient } from '../server/test-cluster.ts';

describe('configurations of clients', () => {
  const cluster = new TestCluster();
  let client: TestClient;
  let zk: CoordinatorClient;
  before(async () => {
    await cluster.start();
    client = await cluster.client(await cluster.broker());
    zk = await cluster.session();
  });
  after(() => cluster.close());

  const text = async (path: string): Promise<string> => Buffer.from((await zk.getData(path)).data!).toString();
  const alter = async (entity: Record<string, string | null>, ops: [string, number | null][], validateOnly = false) => {
    const entry = {
      entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
      ops: ops.map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
    };
    const { entries } = await client.call(alterClientQuotas, { entries: [entry], validateOnly });
    return [entries[0]!.errorCode, entries[0]!.errorMessage];
  };

  it('keeps quotas where Kafka does, announces them, and finds them again', async () => {
    expect(await alter({ user: 'al ice' }, [['producer_byte_rate', 1000]])).to.deep.equal([0, null]);
    expect(await alter({ user: 'bob', 'client-id': null }, [['request_percentage', 200]])).to.deep.equal([0, null]);
    expect(await alter({ ip: null }, [['connection_creation_rate', 5]])).to.deep.equal([0, null]);
    expect(await alter({ user: 'carol' }, [['producer_byte_rate', 1]], true)).to.deep.equal([0, null]);
    expect(await text('/config/users/al%20ice')).to.equal('{"version":1,"config":{"producer_byte_rate":"1000"}}');
    expect(await text('/config/users/bob/clients/<default>')).to.equal('{"version":1,"config":{"request_percentage":"200.0"}}');
    const changes = (await zk.getChildren('/config/changes')).children.toSorted();
    expect(await text(`/config/changes/${changes[1]}`)).to.equal('{"version":2,"entity_path":"users/bob/clients/<default>"}');
    const { entries } = await client.call(describeClientQuotas, { components: [], strict: false });
    const shown = entries!.map(({ entity, values }) => [...entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`), ...values.map(({ key, value }) => `${key}:${value}`)].join(' '));
    expect(shown).to.have.members(['user=al ice producer_byte_rate:1000', 'user=bob client-id=null request_percentage:200', 'ip=null connection_creation_rate:5']);
  });

  it('takes quotas away, and leaves the entry behind', async () => {
    await alter({ user: 'dave' }, [['producer_byte_rate', 1000]]);
    await alter({ user: 'dave' }, [['producer_byte_rate', null]]);
    expect(await text('/config/users/dave')).to.equal('{"version":1,"config":{}}');
    expect(await alter({ ip: '127.0.0.1', user: 'x' }, [['producer_byte_rate', 1]])).to.deep.equal([
      ErrorCode.INVALID_REQUEST,
      'Invalid quota entity combination, IP entity should not be used with user/client ID entity.',
    ]);
  });

  const upsertion = (name: string, mechanism: number, iterations: number) => {
    const saltedPassword = Buffer.alloc(mechanism === 2 ? 64 : 32, 7);
    return { name, mechanism, iterations, salt: Buffer.from('0123456789abcdef'), saltedPassword };
  };
  const scram = async (deletions: { name: string; mechanism: number }[], ...upsertions: ReturnType<typeof upsertion>[]) => {
    const { results } = await client.call(alterUserScramCredentials, { deletions, upsertions });
    return results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]);
  };
  const described = async (...names: string[]) =>
    (await client.call(describeUserScramCredentials, { users: names.map((name) => ({ name })) })).results.map(
      ({ errorCode, credentialInfos }) => [errorCode, ...credentialInfos.map(({ mechanism, iterations }) => `${mechanism}:${iterations}`)],
    );

  it('keeps credentials as the original does, and never tells them', async () => {
    expect(await scram([], upsertion('b b', 1, 5000), upsertion('b b', 2, 8192))).to.deep.equal([[0, '']]);
    // The bytes that Kafka 3.4 wrote for this salt and salted password.
    expect(await text('/config/users/b%20b')).to.contain(
      '"SCRAM-SHA-256":"salt=MDEyMzQ1Njc4OWFiY2RlZg==,stored_key=zgcOxV8WknUpJycREyrG4VaP6SHOrAyNwgF9JkIy93o=,' +
        'server_key=1KPPA5EU8AdxLpjWEsmpLSt2JjKFZtYc/su7LJSD+Ok=,iterations=5000"',
    );
    expect(await described('b b')).to.deep.equal([[0, '1:5000', '2:8192']]);
    expect(await described()).to.deep.equal([[0, '1:5000', '2:8192']]);
    expect(await described('b b', 'b b', 'nobody')).to.deep.equal([[ErrorCode.DUPLICATE_RESOURCE], [ErrorCode.RESOURCE_NOT_FOUND]]);
    expect(await scram([{ name: 'b b', mechanism: 1 }])).to.deep.equal([[0, '']]);
    expect(await described('b b')).to.deep.equal([[0, '2:8192']]);
  });

  it('refuses credentials that are none, and of one user takes all or nothing', async () => {
    expect(await scram([], upsertion('c', 1, 100))).to.deep.equal([[ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too few iterations']]);
    expect(await scram([], upsertion('c', 1, 99_999))).to.deep.equal([[ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too many iterations']]);
    expect(await scram([], upsertion('', 1, 4096))).to.deep.equal([[ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty']]);
    expect(await scram([], upsertion('c', 9, 4096))).to.deep.equal([[ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism']]);
    expect(await scram([], upsertion('c', 1, 4096), upsertion('c', 1, 4096))).to.deep.equal([
      [ErrorCode.DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request'],
    ]);
    expect(await scram([{ name: 'c', mechanism: 1 }], upsertion('c', 2, 4096))).to.deep.equal([
      [ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist'],
    ]);
    expect(await described('c')).to.deep.equal([[ErrorCode.RESOURCE_NOT_FOUND]]);
  });
});
