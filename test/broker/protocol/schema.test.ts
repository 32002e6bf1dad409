import { expect } from 'chai';
import fc from 'fast-check';
import { apisByKey } from '../../../broker/protocol/api-keys.ts';
import { produce } from '../../../broker/protocol/messages/00-produce.ts';
import { fetch } from '../../../broker/protocol/messages/01-fetch.ts';
import { metadata } from '../../../broker/protocol/messages/03-metadata.ts';
import { heartbeat } from '../../../broker/protocol/messages/12-heartbeat.ts';
import { apiVersions } from '../../../broker/protocol/messages/18-api-versions.ts';
import { array, i32, message, str, tagged, type AnyApi, type Message } from '../../../broker/protocol/schema.ts';
import { createPrng } from '../../../shared/base/prng.ts';
import { Reader } from '../../../shared/bytes/reader.ts';
import { Writer } from '../../../shared/bytes/writer.ts';
import { randomStruct } from './random-value.ts';

function bytesOf(...hex: string[]): Buffer {
  return Buffer.from(hex.join('').replace(/\s+/g, ''), 'hex');
}

function encode<D>(target: Message<unknown, D>, value: D, version: number): Buffer {
  const writer = new Writer();
  target.encode(writer, value, version);
  return writer.finish();
}

/** Decodes what must be whole, and checks that every prefix of it is refused without an exception. */
function decodeWhole<T>(target: Message<T, never>, bytes: Buffer, version: number): T {
  for (let size = 0; size < bytes.length; size++) {
    const cut = new Reader(bytes.subarray(0, size));
    target.decode(cut, version);
    expect(cut.complete, `cut after ${size} bytes`).to.equal(false);
  }
  const reader = new Reader(bytes);
  const value = target.decode(reader, version);
  expect(reader.failure).to.equal(null);
  expect(reader.remaining).to.equal(0);
  return value;
}

describe('schema', () => {
  it('reads and writes a plain Heartbeat request (v0)', () => {
    const bytes = bytesOf('0001 67', '00000005', '0002 6d31'); // group "g", generation 5, member "m1"
    const value = { groupId: 'g', generationId: 5, memberId: 'm1', groupInstanceId: null };
    expect(decodeWhole(heartbeat.request, bytes, 0)).to.deep.equal(value);
    expect(encode(heartbeat.request, value, 0)).to.deep.equal(bytes);
  });

  it('reads and writes a flexible Heartbeat request (v4)', () => {
    const bytes = bytesOf('02 67', '00000005', '03 6d31', '00', '00'); // compact strings, null instance id, no tags
    const value = { groupId: 'g', generationId: 5, memberId: 'm1', groupInstanceId: null };
    expect(decodeWhole(heartbeat.request, bytes, 4)).to.deep.equal(value);
    expect(encode(heartbeat.request, value, 4)).to.deep.equal(bytes);
  });

  it('reads and writes a Metadata response with topic ids (v10)', () => {
    const bytes = bytesOf(
      '00000000', // throttle time
      '02 00000001 05686f7374 00002384 00 00', // broker 1, "host", 9092, no rack
      '036964 00000001', // cluster "id", controller 1
      '02 0000 0274 000102030405060708090a0b0c0d0e0f 00', // topic "t" with its id, not internal
      '02 0000 00000000 00000001 00000007 02 00000001 02 00000001 01 00', // partition 0: leader 1, epoch 7
      '80000000 00', // the topic's operations were not asked for
      '80000000 00',
    );
    const value = {
      throttleTimeMs: 0,
      brokers: [{ nodeId: 1, host: 'host', port: 9092, rack: null }],
      clusterId: 'id',
      controllerId: 1,
      topics: [
        {
          errorCode: 0,
          name: 't',
          topicId: 'AAECAwQFBgcICQoLDA0ODw',
          isInternal: false,
          partitions: [
            {
              errorCode: 0,
              partitionIndex: 0,
              leaderId: 1,
              leaderEpoch: 7,
              replicaNodes: [1],
              isrNodes: [1],
              offlineReplicas: [],
            },
          ],
          topicAuthorizedOperations: -2147483648,
        },
      ],
      clusterAuthorizedOperations: -2147483648,
    };
    expect(decodeWhole(metadata.response, bytes, 10)).to.deep.equal(value);
    expect(encode(metadata.response, value, 10)).to.deep.equal(bytes);
  });

  it('reads null for all topics in a Metadata request (v1) and refuses it in v0', () => {
    expect(decodeWhole(metadata.request, bytesOf('ffffffff'), 1).topics).to.equal(null);
    const reader = new Reader(bytesOf('ffffffff'));
    metadata.request.decode(reader, 0);
    expect(reader.complete).to.equal(false);
    expect(() => encode(metadata.request, { topics: null }, 0)).to.throw('topics');
  });

  it('hands records out without copying them and takes them by reference', () => {
    const records = Buffer.alloc(5000, 7);
    const writer = new Writer();
    produce.request.encode(
      writer,
      { acks: 1, timeoutMs: 9, topicData: [{ name: 't', partitionData: [{ index: 0, records }] }] },
      9,
    );
    expect(writer.finishChunks()).to.include(records);
    const bytes = encode(
      produce.request,
      { acks: 1, timeoutMs: 9, topicData: [{ name: 't', partitionData: [{ index: 0, records }] }] },
      9,
    );
    const decoded = produce.request.decode(new Reader(bytes), 9).topicData[0]!.partitionData[0]!.records!;
    expect(decoded.equals(records)).to.equal(true);
    expect(decoded.buffer).to.equal(bytes.buffer);
  });

  it('fills fields that a version lacks with their defaults', () => {
    const draft = { replicaId: -1, maxWaitMs: 500, minBytes: 1, topics: [] };
    const value = fetch.request.decode(new Reader(encode(fetch.request, draft, 4)), 4);
    expect(value).to.include({ maxBytes: 0x7fff_ffff, sessionId: 0, sessionEpoch: -1, rackId: '', clusterId: null });
    expect(Object.keys(value)).to.deep.equal(Object.keys(fetch.request.shape));
  });

  it('writes tagged fields only when they differ from their default, in order of their tags', () => {
    const plain = { errorCode: 0, apiKeys: [] };
    expect(encode(apiVersions.response, plain, 3)).to.deep.equal(bytesOf('0000 01 00000000 00'));
    const epoch = { ...plain, finalizedFeaturesEpoch: 0, zkMigrationReady: true };
    const bytes = bytesOf('0000 01 00000000', '02', '01 08 0000000000000000', '03 01 01');
    expect(encode(apiVersions.response, epoch, 3)).to.deep.equal(bytes);
    expect(decodeWhole(apiVersions.response, bytes, 3)).to.include({ finalizedFeaturesEpoch: 0, zkMigrationReady: true });
  });

  it('skips tags it does not know, and refuses a tag that outgrows its size', () => {
    const sample = message('Sample', { id: i32, name: tagged(1, 0, str) }, 0);
    const unknown = bytesOf('0000002a', '02', '01 02 0278', '63 03 aabbcc');
    expect(decodeWhole(sample, unknown, 0)).to.deep.equal({ id: 42, name: 'x' });
    const outgrown = new Reader(bytesOf('0000002a', '01', '01 02 04787878'));
    sample.decode(outgrown, 0);
    expect(outgrown.failure).to.match(/tagged field/);
  });

  it('refuses a count that the remaining bytes cannot hold before it allocates anything', () => {
    const sample = message('Sample', { list: array({ a: i32, b: str }) });
    const hostile = new Reader(bytesOf('7fffffff', '00000000 0000'));
    expect(sample.decode(hostile, 0).list).to.deep.equal([]);
    expect(hostile.failure).to.match(/array of 2147483647 elements/);
    const flexible = new Reader(bytesOf('ffffffff0f', '00'));
    message('Sample', { list: array(i32) }, 0).decode(flexible, 0);
    expect(flexible.failure).to.match(/array of 4294967294 elements/);
  });

  for (const api of apisByKey.values()) {
    it(`encode and decode of ${api.name} are inverse in every version`, () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const random = createPrng(seed).next;
          for (let version = api.versionMin; version <= api.versionMax; version++) {
            for (const side of [api.request, api.response] as Message<unknown, unknown>[]) {
              const value = randomStruct(side.shape, version, random);
              const reader = new Reader(encode(side, value, version));
              const back = side.decode(reader, version);
              expect(reader.failure, `${side.name} v${version}`).to.equal(null);
              expect(reader.remaining, `${side.name} v${version}`).to.equal(0);
              expect(back, `${side.name} v${version}`).to.deep.equal(value);
            }
          }
        }),
        { numRuns: 5 },
      );
    });
  }

  it('never throws on random bytes', () => {
    const all: AnyApi[] = [...apisByKey.values()];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 0, max: all.length - 1 }),
        fc.nat(),
        (noise, at, pick) => {
          const api = all[at]!;
          const version = api.versionMin + (pick % (api.versionMax - api.versionMin + 1));
          const reader = new Reader(Buffer.from(noise));
          api.request.decode(reader, version);
          api.response.decode(new Reader(Buffer.from(noise)), version);
          expect(reader.position).to.be.at.most(noise.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
