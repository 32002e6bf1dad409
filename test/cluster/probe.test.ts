import { expect } from 'chai';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { brokerServes, coordinatorServes } from '../../cluster/probe.ts';

describe('probe', () => {
  let server: Server | null = null;

  /** A server that says `answer` to whatever it hears, and then hangs up if told so. */
  function answering(answer: Buffer | string, hangUp: boolean): Promise<number> {
    return new Promise((resolve) => {
      server = createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.once('data', () => (hangUp ? socket.end(answer) : socket.write(answer)));
      });
      server.listen(0, '127.0.0.1', () => resolve((server!.address() as AddressInfo).port));
    });
  }

  afterEach((done) => {
    if (server === null) done();
    else server.close(() => done());
    server = null;
  });

  it('takes a coordinator for serving when srvr tells its mode', async () => {
    expect(await coordinatorServes('127.0.0.1', await answering('Zookeeper version: 3.8\nMode: standalone\nNode count: 5\n', true))).to.equal(true);
  });

  it('does not when it says that it is not serving yet', async () => {
    const text = 'This ZooKeeper instance is not currently serving requests\n';
    expect(await coordinatorServes('127.0.0.1', await answering(text, true))).to.equal(false);
  });

  it('takes a broker for serving when ApiVersions is answered without an error, in however many pieces', async () => {
    const port = await answering(Buffer.from('0000000a000000010000000000', 'hex'), false);
    expect(await brokerServes('127.0.0.1', port)).to.equal(true);
  });

  it('does not when the answer is an error or belongs to another request', async () => {
    const port = await answering(Buffer.from('0000000a00000001002300000000', 'hex'), false);
    expect(await brokerServes('127.0.0.1', port)).to.equal(false);
  });

  it('says no to a port that nobody listens on', async () => {
    const port = await answering('', true);
    await new Promise((resolve) => server!.close(resolve));
    server = null;
    expect(await brokerServes('127.0.0.1', port)).to.equal(false);
    expect(await coordinatorServes('127.0.0.1', port)).to.equal(false);
  });
});
