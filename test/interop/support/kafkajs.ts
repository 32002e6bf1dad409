/**
 * kafkajs with the codecs it knows: gzip is its own, snappy a package for it, lz4 and zstd are plugged in here.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrame, decompressFrame } from 'lz4-napi';
import kafkajs, { type Admin, type Kafka as KafkaClient, type KafkaMessage, type logLevel } from 'kafkajs';
import snappyCodec from 'kafkajs-snappy';
import { bootstrap, freshName } from './shared-pair.ts';

export const { CompressionTypes } = kafkajs;

// kafkajs hands its encoder to a codec, of which only the buffer matters here.
interface Encoded {
  readonly buffer: Buffer;
}

const { CompressionCodecs } = kafkajs;
CompressionCodecs[CompressionTypes.Snappy] = snappyCodec;
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: (encoder: Encoded) => compressFrame(encoder.buffer),
  decompress: (compressed: Buffer) => decompressFrame(compressed),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder: Encoded) => zstdCompressSync(encoder.buffer),
  decompress: async (compressed: Buffer) => zstdDecompressSync(compressed),
});

export const codecs = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD };

/** A client of the shared cluster, or of the broker named. */
export function client(broker = bootstrap()): KafkaClient {
  return new kafkajs.Kafka({
    clientId: freshName('kafkajs'),
    brokers: [broker],
    logLevel: kafkajs.logLevel.NOTHING as logLevel,
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 12 },
  });
}

export async function withAdmin<T>(use: (admin: Admin) => Promise<T>, broker?: string): Promise<T> {
  const admin = client(broker).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Creates a topic and returns when its partitions have leaders. */
export async function createTopic(topic: string, numPartitions = 1, broker?: string): Promise<void> {
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true }), broker);
}

export interface Consumed {
  readonly partition: number;
  readonly message: KafkaMessage;
}

/** Reads `count` records of a topic, or of all whose names match, from the beginning, by a group of its own. */
export async function consume(topic: string | RegExp, count: number, broker?: string): Promise<Consumed[]> {
  const consumer = client(broker).consumer({ groupId: freshName('reader'), maxWaitTimeInMs: 200 });
  const records: Consumed[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      consumer
        .run({
          eachMessage: async ({ partition, message }) => {
            records.push({ partition, message });
            if (records.length === count) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records;
}
