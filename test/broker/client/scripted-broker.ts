/** A broker that answers as a test tells it: one function per API key. Requests are kept for the test to look at. */
import net from 'node:net';
import { apisByKey, isFlexible } from '../../../broker/protocol/api-keys.ts';
import { readRequestHeader, writeResponseHeader } from '../../../broker/protocol/headers.ts';
import { apiVersions } from '../../../broker/protocol/messages/18-api-versions.ts';
import { FrameSplitter } from '../../../shared/bytes/frame-splitter.ts';
import { Reader } from '../../../shared/bytes/reader.ts';
import { Writer } from '../../../shared/bytes/writer.ts';

/** Returns the response, null for none at all, or 'close' to break the connection. */
export type Answer = (request: never, version: number) => unknown;

export class ScriptedBroker {
  readonly received: { key: number; version: number; request: unknown }[] = [];
  private readonly mistakes: Error[] = [];
  readonly answers = new Map<number, Answer>();
  private readonly server: net.Server;
  private readonly sockets = new Set<net.Socket>();
  /** Keys that the broker lists in ApiVersions, beside those that have answers. */
  readonly ranges = new Map<number, [number, number]>();

  private constructor(server: net.Server) {
    this.server = server;
    server.on('connection', (socket) => this.serve(socket));
    this.answers.set(apiVersions.key, () => ({
      errorCode: 0,
      apiKeys: [...this.answers.keys()].map((apiKey) => {
        const api = apisByKey.get(apiKey)!;
        const [minVersion, maxVersion] = this.ranges.get(apiKey) ?? [api.versionMin, api.versionMax];
        return { apiKey, minVersion, maxVersion };
      }),
    }));
  }

  static start(): Promise<ScriptedBroker> {
    const server = net.createServer();
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(new ScriptedBroker(server))));
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  get bootstrap(): { host: string; port: number }[] {
    return [{ host: '127.0.0.1', port: this.port }];
  }

  on(key: number, answer: Answer): void {
    this.answers.set(key, answer);
  }

  /** Answers Metadata with this broker as leader of everything. */
  serveTopics(topics: Record<string, number>): void {
    this.on(3, (request: { topics: { name: string }[] | null }) => ({
      brokers: [{ nodeId: 1, host: '127.0.0.1', port: this.port, rack: null }],
      clusterId: 'scripted',
      controllerId: 1,
      topics: (request.topics?.map(({ name }) => name) ?? Object.keys(topics)).map((name) => ({
        errorCode: name in topics ? 0 : 3,
        name,
        isInternal: false,
        partitions: Array.from({ length: topics[name] ?? 0 }, (_, partitionIndex) => {
          return { errorCode: 0, partitionIndex, leaderId: 1, replicaNodes: [1], isrNodes: [1] };
        }),
      })),
    }));
  }

  private serve(socket: net.Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const splitter = new FrameSplitter(10_000_000);
    let turn = Promise.resolve();
    socket.on('data', (chunk) => {
      for (const frame of splitter.push(chunk)) {
        // An answer that cannot be encoded is the test's mistake: the client sees the connection break, the test sees why.
        turn = turn
          .then(() => this.answer(socket, frame))
          .catch((error: Error) => {
            this.mistakes.push(error);
            socket.destroy();
          });
      }
    });
  }

  private async answer(socket: net.Socket, frame: Buffer): Promise<void> {
    const reader = new Reader(frame);
    const header = readRequestHeader(reader, isFlexible);
    const api = apisByKey.get(header.apiKey)!;
    const request = api.request.decode(reader, header.apiVersion);
    this.received.push({ key: header.apiKey, version: header.apiVersion, request });
    const response = await this.answers.get(header.apiKey)?.(request as never, header.apiVersion);
    if (response === 'close') socket.destroy();
    if (response === 'close' || response === null) return;
    const writer = new Writer();
    writer.i32(0);
    writeResponseHeader(writer, header.apiKey, header.correlationId, isFlexible(header.apiKey, header.apiVersion));
    api.response.encode(writer, response as never, header.apiVersion);
    const bytes = writer.finish();
    bytes.writeInt32BE(bytes.length - 4, 0);
    if (!socket.destroyed) socket.write(bytes);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    if (this.mistakes[0] !== undefined) throw this.mistakes[0];
  }
}
