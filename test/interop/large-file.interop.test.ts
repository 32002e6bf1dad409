/** Any bytes come back unchanged: a real file of 56 MiB goes in through one client and comes out of another. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { pythonProgram, toolProgram } from './support/clients.ts';
import { client, codecs, createTopic } from './support/kafkajs.ts';
import { Digest, largeFile, largeFileSize, pieces, sha256 } from './support/large-file.ts';
import { Program } from './support/process.ts';
import { bootstrap, freshName } from './support/shared-pair.ts';

const recordSize = 32 * 1024;
const recordCount = largeFileSize / recordSize;
const timeoutMs = 150_000;

type Codec = keyof typeof codecs;
type Produce = (topic: string, codec: Codec) => Promise<void>;
type Consume = (topic: string, digest: Digest) => Promise<void>;

async function succeed(program: Program): Promise<void> {
  const { code } = await program.finish(timeoutMs);
  expect(code, program.transcript()).to.equal(0);
}

/** Bytes that separate records for a client that reads a stream: drawn anew until the file does not contain them. */
function separatorNotIn(bytes: Buffer): Buffer {
  for (;;) {
    const separator = Buffer.from(randomBytes(8).toString('hex'));
    if (!bytes.includes(separator)) return separator;
  }
}

const kcatProduce: Produce = async (topic, codec) => {
  const { bytes } = largeFile();
  const separator = separatorNotIn(bytes);
  const args = ['-b', bootstrap(), '-P', '-t', topic, '-p', '0', '-z', codec, '-D', separator.toString()];
  await succeed(new Program('kcat', args, { input: pieces(bytes, recordSize, separator) }));
};

const kcatConsume: Consume = async (topic, digest) => {
  const args = ['-q', '-b', bootstrap(), '-C', '-t', topic, '-p', '0', '-o', 'beginning', '-c', String(recordCount), '-f', '%s'];
  await succeed(new Program('kcat', args, { onStdout: digest.update }));
};

const kafkajsProduce: Produce = async (topic, codec) => {
  const { bytes } = largeFile();
  const producer = client().producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const recordsPerSend = 16;
  for (let position = 0; position < bytes.length; ) {
    const messages: { value: Buffer; partition: number }[] = [];
    for (; messages.length < recordsPerSend && position < bytes.length; position += recordSize) {
      messages.push({ value: bytes.subarray(position, position + recordSize), partition: 0 });
    }
    await producer.send({ topic, compression: codecs[codec], messages });
  }
  await producer.disconnect();
};

const kafkajsConsume: Consume = async (topic, digest) => {
  const consumer = client().consumer({ groupId: freshName('large-file'), maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    consumer
      .run({
        eachMessage: async ({ message }) => {
          digest.update(message.value ?? Buffer.alloc(0));
          if (++count === recordCount) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
};

const pythonProduce: Produce = async (topic, codec) => {
  await succeed(pythonProgram('bulk.py', ['in', topic, '0', codec, String(recordSize)], { input: largeFile().bytes }));
};

const pythonConsume: Consume = async (topic, digest) => {
  await succeed(pythonProgram('bulk.py', ['out', topic, String(recordCount), 'none', '0'], { onStdout: digest.update }));
};

// The console consumer writes values as they are; an empty line separator leaves nothing between them.
const consoleConsume: Consume = async (topic, digest) => {
  const args = ['--topic', topic, '--from-beginning', '--max-messages', String(recordCount), '--property', 'line.separator='];
  await succeed(toolProgram('kafka-console-consumer', args, { onStdout: digest.update }));
};

const ways: readonly (readonly [string, Produce, Consume, Codec])[] = [
  ['kcat to kafkajs', kcatProduce, kafkajsConsume, 'none'],
  ['kafkajs to kcat', kafkajsProduce, kcatConsume, 'none'],
  ['kcat to kafkajs', kcatProduce, kafkajsConsume, 'lz4'],
  ['kafkajs to kcat', kafkajsProduce, kcatConsume, 'gzip'],
  ['kafka-python to kafka-console-consumer', pythonProduce, consoleConsume, 'none'],
  ['kcat to kafka-python', kcatProduce, pythonConsume, 'snappy'],
  ['kafkajs to kafka-console-consumer', kafkajsProduce, consoleConsume, 'zstd'],
];

describe('a file of 56 MiB', () => {
  for (const [name, produce, consume, codec] of ways) {
    it(`goes from ${name}, ${codec === 'none' ? 'uncompressed' : `compressed with ${codec}`}, and is the same`, async () => {
      const topic = freshName('large-file');
      await createTopic(topic);
      await produce(topic, codec);
      const digest = new Digest();
      await consume(topic, digest);
      expect(digest.size).to.equal(largeFileSize);
      expect(digest.hex()).to.equal(largeFile().sha256);
    });
  }

  // The console producer reads lines of text, so bytes travel as base64, a line a record.
  for (const codec of ['none', 'zstd'] as const) {
    it(`goes as lines from kafka-console-producer to kafka-python and back, compression ${codec}, and is the same`, async () => {
      const { bytes, sha256: expected } = largeFile();
      const lineBytes = 6 * 1024;
      const lines: string[] = [];
      for (let position = 0; position < bytes.length; position += lineBytes) lines.push(bytes.toString('base64', position, position + lineBytes));
      const topic = freshName('large-lines');
      await createTopic(topic);
      const input = `${lines.join('\n')}\n`;
      await succeed(toolProgram('kafka-console-producer', ['--topic', topic, '--compression-codec', codec], { input }));
      const received: Buffer[] = [];
      await succeed(
        pythonProgram('bulk.py', ['out', topic, String(lines.length), 'none', '0'], { onStdout: (chunk) => void received.push(chunk) }),
      );
      // Each line's length is a multiple of four characters but the last's, so that the joined text decodes as one.
      expect(sha256(Buffer.from(Buffer.concat(received).toString('latin1'), 'base64'))).to.equal(expected);

      const back = freshName('large-lines-back');
      await createTopic(back);
      await succeed(pythonProgram('bulk.py', ['in', back, '0', codec === 'none' ? 'none' : 'gzip', String(recordSize)], { input: bytes }));
      const digest = new Digest();
      await consoleConsume(back, digest);
      expect(digest.hex()).to.equal(expected);
    });
  }
});
