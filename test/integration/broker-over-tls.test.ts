/** A broker whose coordinator is reached by TLS alone: Kafka's zookeeper.ssl.* keys on one side, ZooKeeper's ssl.* on the other. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { nodeTransport } from '../../shared/client/node-transport.ts';
import { freePorts } from '../support/free-ports.ts';
import { tlsFile } from '../support/tls-files.ts';

const bin = resolve(import.meta.dirname, '../../bin');

describe('a broker over TLS', function () {
  this.timeout(120_000);
  let directory: string;
  let servers: ChildProcess[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'broker-over-tls-'));
    servers = [];
  });
  afterEach(async () => {
    for (const server of servers.toReversed()) {
      if (server.exitCode !== null) continue;
      const ended = new Promise((done) => server.once('exit', done));
      server.kill('SIGTERM');
      await ended;
    }
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts `script` and resolves with its log once that matches `ready`. */
  const start = (script: string, properties: Record<string, string | number>, ready: RegExp): Promise<string> => {
    const file = join(directory, `${script}.properties`);
    writeFileSync(file, Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join(''));
    const server = spawn(join(bin, script), [file], { env: { ...process.env, VIVARIUM_LOG_LEVEL: 'info' } });
    servers.push(server);
    return new Promise((done, failed) => {
      let log = '';
      const hear = (chunk: Buffer): void => {
        log += String(chunk);
        if (ready.test(log)) done(log);
      };
      server.stdout.on('data', hear);
      server.stderr.on('data', hear);
      server.once('close', () => failed(new Error(`${script} ended:\n${log}`)));
    });
  };

  it('registers below its chroot, known by its certificate', async () => {
    const [secureClientPort, kafkaPort] = await freePorts(2);
    const coordinator = { dataDir: join(directory, 'data'), secureClientPort, secureClientPortAddress: '127.0.0.1', 'admin.enableServer': 'false' };
    await start('zookeeper-server-start.sh', { ...coordinator, 'ssl.keyStore.location': tlsFile('server.pem'), 'ssl.trustStore.location': tlsFile('authority.pem') }, /serving clients on port/);
    await start(
      'kafka-server-start.sh',
      {
        'broker.id': 7,
        listeners: `PLAINTEXT://127.0.0.1:${kafkaPort}`,
        'log.dirs': join(directory, 'logs'),
        'zookeeper.connect': `localhost:${secureClientPort}/kafka`,
        'zookeeper.ssl.client.enable': 'true',
        'zookeeper.clientCnxnSocket': 'org.apache.zookeeper.ClientCnxnSocketNetty',
        'zookeeper.ssl.keystore.location': tlsFile('client.p12'),
        'zookeeper.ssl.keystore.password': 'secret',
        'zookeeper.ssl.truststore.location': tlsFile('trust.p12'),
        'zookeeper.ssl.truststore.password': 'secret',
      },
      /\[KafkaServer id=7\] started/,
    );
    const tls = { ca: readFileSync(tlsFile('authority.pem')), key: readFileSync(tlsFile('client.pem')), cert: readFileSync(tlsFile('client.pem')) };
    const client = await CoordinatorClient.connect({ servers: `localhost:${secureClientPort}`, transport: nodeTransport({ tls }) });
    try {
      expect((await client.getChildren('/kafka/brokers/ids')).children).to.deep.equal(['7']);
    } finally {
      await client.close();
    }
  });

  it('says which file is wrong, and does not start', async () => {
    const failure = await start(
      'kafka-server-start.sh',
      {
        'broker.id': 7,
        listeners: 'PLAINTEXT://127.0.0.1:0',
        'log.dirs': join(directory, 'logs'),
        'zookeeper.connect': 'localhost:1',
        'zookeeper.ssl.client.enable': 'true',
        'zookeeper.ssl.keystore.location': tlsFile('authority.pem'),
      },
      /\[KafkaServer id=7\] started/,
    ).catch((error: Error) => error.message);
    expect(failure).to.match(/authority\.pem for configuration zookeeper\.ssl\.keystore\.location: no key and certificate can be read from it/);
  });
});
