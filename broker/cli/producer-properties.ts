/** A producer as the property files of Java's clients describe it: names, defaults and refusals of `ProducerConfig`. */
import type { ProducerOptions } from '../client/producer.ts';
import { Codec } from '../records/record-batch.ts';
import { parseBootstrap } from './bootstrap.ts';
import { logLine, type ToolIo } from './io.ts';
import { JavaError } from './java-exception.ts';

export const CONFIG_EXCEPTION = 'org.apache.kafka.common.config.ConfigException';

export function parseAcks(text: string): -1 | 0 | 1 {
  switch (text) {
    case 'all':
    case '-1':
      return -1;
    case '0':
      return 0;
    case '1':
      return 1;
    default: {
      const message = `Invalid value ${text} for configuration acks: String must be one of: all, -1, 0, 1`;
      throw new JavaError(CONFIG_EXCEPTION, message);
    }
  }
}

export function parseCodec(text: string): Codec {
  if (Object.hasOwn(Codec, text)) return text as Codec;
  const message = `Invalid value ${text} for configuration compression.type: String must be one of: none, gzip, snappy, lz4, zstd`;
  throw new JavaError(CONFIG_EXCEPTION, message);
}

/** A whole number among properties. */
function integerProperty(properties: ReadonlyMap<string, string>, name: string, fallback: number): number {
  const text = properties.get(name);
  if (text === undefined) return fallback;
  if (/^[+-]?\d+$/.test(text.trim())) return Number(text);
  throw new JavaError(CONFIG_EXCEPTION, `Invalid value ${text} for configuration ${name}: Not a number of type INT`);
}

/** Throws `JavaError` and `BootstrapError`. */
export function producerOptions(properties: ReadonlyMap<string, string>, clientId: string, io: ToolIo): ProducerOptions {
  const acks = parseAcks(properties.get('acks') ?? 'all');
  const count = (name: string, fallback: number): number => integerProperty(properties, name, fallback);
  return {
    bootstrap: parseBootstrap(properties.get('bootstrap.servers') ?? ''),
    clientId: properties.get('client.id') ?? clientId,
    log: (level, text, logger) => logLine(io, level, text, logger),
    acks,
    idempotent: properties.get('enable.idempotence') !== 'false' && acks === -1,
    compression: parseCodec(properties.get('compression.type') ?? 'none'),
    lingerMs: count('linger.ms', 0),
    batchSize: count('batch.size', 16_384),
    bufferMemory: count('buffer.memory', 33_554_432),
    requestSizeMax: count('max.request.size', 1_048_576),
    retries: count('retries', 0x7fff_ffff),
    retryBackoffMs: count('retry.backoff.ms', 100),
    requestTimeoutMs: count('request.timeout.ms', 30_000),
    deliveryTimeoutMs: count('delivery.timeout.ms', 120_000),
    maxBlockMs: count('max.block.ms', 60_000),
  };
}
