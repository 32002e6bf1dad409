import { expect } from 'chai';
import { consoleProducer } from '../../../../broker/cli/commands/console-producer.ts';
import type { ProduceRequest } from '../../../../broker/protocol/messages/00-produce.ts';
import { iterateRecords } from '../../../../broker/records/iterate-records.ts';
import { ScriptedBroker } from '../../client/scripted-broker.ts';
import { runCommand, type Outcome } from '../fake-io.ts';

describe('kafka-console-producer', () => {
  let broker: ScriptedBroker;
  let arrived: string[];
  let errorCode: number;

  beforeEach(async () => {
    arrived = [];
    errorCode = 0;
    broker = await ScriptedBroker.start();
    broker.serveTopics({ t: 1 });
    broker.on(22, () => ({ throttleTimeMs: 0, errorCode: 0, producerId: 1, producerEpoch: 0 }));
    broker.on(0, (request: ProduceRequest) => ({
      responses: request.topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index, records }) => {
          arrived.push(...[...iterateRecords(records!)].map(({ key, value }) => `${key}=${value}`));
          return { index, errorCode, baseOffset: 0 };
        }),
      })),
    }));
  });
  afterEach(() => broker.close());

  const run = (input: string, ...args: string[]): Promise<Outcome> =>
    runCommand(
      consoleProducer,
      ['--bootstrap-server', `127.0.0.1:${broker.port}`, '--topic', 't', '--timeout', '5', ...args],
      input,
    );

  it('sends each line, silently when nobody is at the keyboard', async () => {
    expect(await run('one\ntwo\nno end')).to.deep.equal({ status: 0, out: '', err: '' });
    expect(arrived).to.deep.equal(['null=one', 'null=two', 'null=no end']);
  });

  it('prompts who is at the keyboard', async () => {
    const args = ['--bootstrap-server', `127.0.0.1:${broker.port}`, '--topic', 't'];
    expect((await runCommand(consoleProducer, args, 'one\ntwo\n', true)).out).to.equal('>>>');
  });

  it('logs what could not be delivered and still ends well', async () => {
    errorCode = 10;
    const { status, err } = await run('x');
    expect(status).to.equal(0);
    expect(err).to.contain(
      'ERROR Error when sending message to topic t with key: null, value: 1 bytes with error: (org.apache.kafka.clients',
    );
    expect(err).to.contain('\norg.apache.kafka.common.errors.RecordTooLargeException: ');
  });

  it('ends with 1 at the first failure of --sync, and for a line without its key', async () => {
    errorCode = 10;
    const sync = await run('x', '--sync');
    expect([sync.status, sync.err.split(':')[0]]).to.deep.equal([1, 'java.util.concurrent.ExecutionException']);
    errorCode = 0;
    expect(await run('k\tv\nx', '--property', 'parse.key=true')).to.deep.equal({
      status: 1,
      out: '',
      err: "org.apache.kafka.common.KafkaException: No key separator found on line number 2: 'x'\n",
    });
    expect(arrived).to.include('k=v'); // what was taken before is delivered
  });

  it('refuses what it is not told right', async () => {
    expect((await run('', '--compression-codec', 'foo')).err).to.contain(
      'Invalid value foo for configuration compression.type',
    );
    expect((await run('', '--batch-size', 'foo')).err).to.equal("Cannot parse argument 'foo' of option batch-size\n");
    expect((await runCommand(consoleProducer, ['--topic', 't'])).err).to.match(
      /^Missing required option\(s\) \[bootstrap-server\]\nOption /,
    );
    expect((await runCommand(consoleProducer, ['--topic', 't', '--bootstrap-server', 'foo'])).err).to.match(
      /^Please provide valid host:port/,
    );
  });
});
