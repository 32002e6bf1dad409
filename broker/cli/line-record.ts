/**
 * Turns a line of the console producer into a record: `[headers DELIMITER] [key SEPARATOR] value`, as the `--property`
 * options ask. Works on bytes, so that what is not UTF-8 arrives as it was typed or piped.
 */
import type { ProducerRecord } from '../client/producer.ts';
import type { RecordHeader } from '../records/iterate-records.ts';
import { JavaError } from './java-exception.ts';

const KAFKA_EXCEPTION = 'org.apache.kafka.common.KafkaException';

export class LineReader {
  private readonly topic: string;
  private readonly parseKey: boolean;
  private readonly parseHeaders: boolean;
  private readonly ignoreError: boolean;
  private readonly keySeparator: Buffer;
  private readonly headersDelimiter: Buffer;
  private readonly headersSeparator: RegExp;
  private readonly headersKeySeparator: string;
  private readonly nullMarker: string | null;
  private lineNumber = 0;

  /** Throws `JavaError` when the separators contradict one another. */
  constructor(topic: string, properties: ReadonlyMap<string, string>) {
    const flag = (name: string): boolean => properties.get(name)?.trim().toLowerCase() === 'true';
    const keySeparator = properties.get('key.separator') ?? '\t';
    const headersDelimiter = properties.get('headers.delimiter') ?? '\t';
    const headersSeparator = properties.get('headers.separator') ?? ',';
    this.topic = topic;
    this.parseKey = flag('parse.key');
    this.parseHeaders = flag('parse.headers');
    this.ignoreError = flag('ignore.error');
    this.headersKeySeparator = properties.get('headers.key.separator') ?? ':';
    this.nullMarker = properties.get('null.marker') ?? null;
    this.keySeparator = Buffer.from(keySeparator);
    this.headersDelimiter = Buffer.from(headersDelimiter);
    this.headersSeparator = new RegExp(headersSeparator);
    const settings: [string, string | null][] = [
      ['headers.delimiter', headersDelimiter],
      ['headers.separator', headersSeparator],
      ['headers.key.separator', this.headersKeySeparator],
    ];
    const pairs: [[string, string | null], [string, string | null]][] = [
      [settings[0]!, settings[1]!],
      [settings[0]!, settings[2]!],
      [settings[1]!, settings[2]!],
      [
        ['null.marker', this.nullMarker],
        ['key.separator', keySeparator],
      ],
      [['null.marker', this.nullMarker], settings[1]!],
      [['null.marker', this.nullMarker], settings[0]!],
      [['null.marker', this.nullMarker], settings[2]!],
    ];
    for (const [[a, left], [b, right]] of pairs) {
      if (left === right) throw new JavaError(KAFKA_EXCEPTION, `${a} and ${b} may not be equal`);
    }
  }

  /** Throws `JavaError` for a line without the separators asked for, unless errors are ignored. */
  read(line: Buffer): ProducerRecord {
    this.lineNumber++;
    const headersEnd = this.cut(this.parseHeaders, line, 0, this.headersDelimiter, 'headers delimiter');
    const keyStart = headersEnd < 0 ? 0 : headersEnd + this.headersDelimiter.length;
    const keyEnd = this.cut(this.parseKey, line, keyStart, this.keySeparator, 'key separator');
    const valueStart = keyEnd < 0 ? keyStart : keyEnd + this.keySeparator.length;
    const headers = headersEnd < 0 ? undefined : this.headers(line.toString('utf8', 0, headersEnd));
    const key = keyEnd < 0 ? null : this.unlessMarker(line.subarray(keyStart, keyEnd));
    const value = this.unlessMarker(line.subarray(valueStart));
    return { topic: this.topic, key, value, headers };
  }

  private cut(enabled: boolean, line: Buffer, start: number, separator: Buffer, what: string): number {
    if (!enabled) return -1;
    const at = line.indexOf(separator, start);
    if (at < 0 && !this.ignoreError) {
      throw new JavaError(KAFKA_EXCEPTION, `No ${what} found on line number ${this.lineNumber}: '${line}'`);
    }
    return at;
  }

  private unlessMarker(bytes: Buffer): Buffer | null {
    return this.nullMarker !== null && bytes.equals(Buffer.from(this.nullMarker)) ? null : bytes;
  }

  private headers(text: string): RecordHeader[] | undefined {
    if (text === this.nullMarker) return undefined;
    return text.split(this.headersSeparator).map((pair) => {
      const at = pair.indexOf(this.headersKeySeparator);
      if (at < 0) {
        if (this.ignoreError) return { key: pair, value: null };
        const message = `No header key separator found in pair '${pair}' on line number ${this.lineNumber}`;
        throw new JavaError(KAFKA_EXCEPTION, message);
      }
      const key = pair.slice(0, at);
      if (key === this.nullMarker) {
        const message = `Header keys should not be equal to the null marker '${this.nullMarker}' as they can't be null`;
        throw new JavaError(KAFKA_EXCEPTION, message);
      }
      return { key, value: this.unlessMarker(Buffer.from(pair.slice(at + this.headersKeySeparator.length))) };
    });
  }
}
