/**
 * The links of one member to all others, over the quorum port. Between two members there is one link: the one with the larger id dials (as
 * in the original), the other knocks once when it starts, so that nobody waits for a back-off. Both say who they are first (`peer-hello`);
 * what is no member, not this ensemble's, or a second process of one id is refused with a line that says so.
 */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { RawData } from 'ws';
import { WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { PeerMessage } from '../zab/messages.ts';
import type { Hello } from './peer-hello.ts';
import { packHello, unpackHello } from './peer-hello.ts';
import { packFrame, PEER_FRAME_BYTES_MAX, PeerLink, unpackFrame } from './peer-link.ts';

export interface PeerAt {
  id: number;
  /** Tried in turn. */
  addresses: readonly { host: string; quorumPort: number }[];
}

export interface PeerLinksOptions {
  serverId: number;
  /** This member's own `server.N=` value. */
  address: string;
  listen: readonly { host: string | null; port: number }[];
  /** How long a connection may take until both sides have said who they are. */
  connectTimeoutMs: number;
  /** The ensemble as this member knows it now. */
  config(): { version: number; members: string };
  /** Where a member says it is, for one that the configuration doesn't have (it is to be added). Null: that can't be read. */
  parseAddress(id: number, address: string): PeerAt | null;
  log: Logger;
  linkUp(id: number): void;
  /** `byPeer`: the other side ended it, so its process is gone or has given the link up too. */
  linkDown(id: number, byPeer: boolean): void;
  /** All messages of one frame. */
  messages(id: number, messages: readonly PeerMessage[]): void;
}

/** Connections that have not said who they are. */
const STRANGERS_MAX = 64;
/** Bytes of a stranger's first words, the upgrade included. */
const HELLO_BYTES_MAX = 256 * 1024;
const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 500;
/** How long the process that holds a link may take to prove that it lives, when another one comes with its id. */
const PROOF_OF_LIFE_MS = 500;
/** Close codes of our own (RFC 6455 leaves 4000–4999 to applications). */
const REFUSED = 4000;
const KNOCKED = 4001;

interface Dialling {
  peer: PeerAt;
  attempts: number;
  timer: NodeJS.Timeout | null;
  ws: WebSocket | null;
  /** The last reason that was logged, so that each is logged once. */
  failure: string;
}

export class PeerLinks {
  private readonly options: PeerLinksOptions;
  private readonly incarnation = randomBytes(8).toString('hex');
  private readonly links = new Map<number, PeerLink>();
  private readonly dialling = new Map<number, Dialling>();
  private readonly servers: { http: Server; ws: WebSocketServer }[] = [];
  private readonly strangers = new Set<WebSocket>();
  private readonly sockets = new Set<Socket>();
  private readonly warned = new Set<string>();
  private closed = false;

  constructor(options: PeerLinksOptions) {
    this.options = options;
  }

  /** Listens; rejects with the system's error when an address can't be had. */
  async open(): Promise<void> {
    for (const { host, port } of this.options.listen) {
      const http = createServer((_request, response) => {
        response.writeHead(426, { 'content-type': 'text/plain' });
        response.end('This port is for the members of an ensemble.\n');
      });
      const ws = new WebSocketServer({ server: http, clientTracking: false, perMessageDeflate: false, maxPayload: PEER_FRAME_BYTES_MAX });
      http.on('connection', (socket) => {
        socket.setNoDelay(true);
        this.sockets.add(socket);
        socket.once('close', () => this.sockets.delete(socket));
      });
      http.on('clientError', (_error, socket) => {
        this.warnOnce(`Refused a connection from ${addressOf(socket as Socket)} on the quorum port: it speaks another protocol (members of Apache ZooKeeper can't join this ensemble)`);
        socket.destroy();
      });
      ws.on('connection', (socket, request) => this.accept(socket, request.socket));
      await new Promise<void>((resolve, reject) => {
        http.once('error', reject);
        http.listen({ port, ...(host === null ? {} : { host }) }, resolve);
      });
      this.servers.push({ http, ws });
    }
  }

  /** The port of the first listener. */
  get port(): number {
    const address = this.servers[0]?.http.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Keeps links to exactly these members: dials those it has to, lets the others' links go. */
  keep(peers: readonly PeerAt[]): void {
    const wanted = new Map(peers.filter(({ id }) => id !== this.options.serverId).map((peer) => [peer.id, peer]));
    for (const [id, dialling] of this.dialling) {
      if (wanted.has(id)) continue;
      this.stopDialling(dialling);
      this.dialling.delete(id);
    }
    for (const [id, peer] of wanted) {
      const dialling = this.dialling.get(id);
      if (dialling !== undefined) {
        dialling.peer = peer;
        continue;
      }
      const fresh: Dialling = { peer, attempts: 0, timer: null, ws: null, failure: '' };
      this.dialling.set(id, fresh);
      if (this.links.has(id)) continue;
      if (id < this.options.serverId) this.dial(fresh);
      else this.knock(fresh);
    }
  }

  isUp(id: number): boolean {
    return this.links.has(id);
  }

  send(to: number, message: PeerMessage): void {
    this.links.get(to)?.send(message);
  }

  flush(): void {
    for (const link of this.links.values()) link.flush();
  }

  /** Ends a link that is of no use; `linkDown` follows, and a new attempt. */
  end(id: number, reason: string): void {
    this.links.get(id)?.end(reason);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const dialling of this.dialling.values()) this.stopDialling(dialling);
    for (const link of [...this.links.values()]) {
      link.flush();
      link.end('this server stops');
    }
    for (const stranger of this.strangers) stranger.terminate();
    await Promise.all(
      this.servers.map(
        ({ http, ws }) =>
          new Promise<void>((resolve) => {
            ws.close();
            http.close(() => resolve());
            for (const socket of this.sockets) socket.destroy();
          }),
      ),
    );
  }

  // --- Dialling ---

  private dial(dialling: Dialling): void {
    if (this.closed || this.links.has(dialling.peer.id) || dialling.ws !== null) return;
    this.connect(dialling, false);
  }

  /** Tells a member with a larger id that this one is there; it then dials. */
  private knock(dialling: Dialling): void {
    this.connect(dialling, true);
  }

  private connect(dialling: Dialling, knock: boolean): void {
    const { peer } = dialling;
    const { host, quorumPort } = peer.addresses[dialling.attempts % peer.addresses.length]!;
    const ws = new WebSocket(`ws://${host.includes(':') ? `[${host}]` : host}:${quorumPort}/`, {
      perMessageDeflate: false,
      handshakeTimeout: this.options.connectTimeoutMs,
      maxPayload: PEER_FRAME_BYTES_MAX,
    });
    dialling.ws = ws;
    ws.binaryType = 'nodebuffer';
    const where = `server ${peer.id} at ${host}:${quorumPort}`;
    let failure = 'connection closed';
    const timer = setTimeout(() => {
      failure = 'no answer';
      ws.terminate();
    }, this.options.connectTimeoutMs);
    ws.once('open', () => {
      rawSocket(ws)?.setNoDelay(true);
      ws.send(packFrame(packHello(this.hello(peer.id, knock))), { binary: true });
    });
    ws.on('error', (error) => (failure = error.message));
    const onFirst = (data: RawData): void => {
      const hello = readHello(data);
      const wrong = typeof hello === 'string' ? hello : this.mismatch(hello, peer.id);
      if (wrong !== null) {
        failure = wrong;
        ws.terminate();
        return;
      }
      clearTimeout(timer);
      ws.off('close', onClose);
      dialling.ws = null;
      dialling.attempts = 0;
      dialling.failure = '';
      this.established(ws, hello as Hello, true);
    };
    const onClose = (code: number, reason: Buffer): void => {
      clearTimeout(timer);
      dialling.ws = null;
      if (this.closed || this.dialling.get(peer.id) !== dialling) return;
      if (code === KNOCKED) return; // it dials now
      if (code === REFUSED) failure = `refused: ${reason.toString()}`;
      const { log } = this.options;
      if (failure !== dialling.failure) {
        dialling.failure = failure;
        if (code === REFUSED) log.error(`Cannot link up with ${where}: ${failure}`);
        else log.info(`Cannot reach ${where}: ${failure}; trying again`);
      }
      // Who was refused comes again too: the reason may go away.
      if (knock && code !== REFUSED) return; // the other one dials when it starts
      dialling.attempts++;
      const delayMs = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(dialling.attempts, 10), BACKOFF_MS_MAX);
      dialling.timer = setTimeout(() => {
        dialling.timer = null;
        if (knock) this.knock(dialling);
        else this.dial(dialling);
      }, delayMs);
    };
    ws.once('message', onFirst);
    ws.once('close', onClose);
  }

  private stopDialling(dialling: Dialling): void {
    if (dialling.timer !== null) clearTimeout(dialling.timer);
    dialling.timer = null;
    dialling.ws?.terminate();
  }

  // --- Being dialled ---

  private accept(ws: WebSocket, socket: Socket): void {
    const from = addressOf(socket);
    if (this.strangers.size >= STRANGERS_MAX) return ws.terminate();
    this.strangers.add(ws);
    ws.binaryType = 'nodebuffer';
    ws.on('error', (error) => this.options.log.debug(`Connection from ${from} on the quorum port: ${error.message}`));
    const timer = setTimeout(() => ws.terminate(), this.options.connectTimeoutMs);
    // Frames between members may be large; nobody's first one is.
    const measure = (): void => {
      if (socket.bytesRead <= HELLO_BYTES_MAX) return;
      this.warnOnce(`Refused a connection from ${from} on the quorum port: it sent more than ${HELLO_BYTES_MAX} bytes before it said who it is`);
      ws.terminate();
    };
    socket.on('data', measure);
    const forget = (): void => {
      clearTimeout(timer);
      socket.off('data', measure);
      this.strangers.delete(ws);
    };
    ws.once('close', forget);
    ws.once('message', (data) => {
      forget();
      const hello = readHello(data);
      if (typeof hello === 'string') return this.refuse(ws, from, hello);
      const { serverId } = this.options;
      if (hello.to !== serverId) {
        return this.refuse(ws, from, `server ${hello.serverId} expects server ${hello.to} here, this is server ${serverId}: their server.${hello.to} lines differ`);
      }
      if (hello.serverId === serverId) return this.refuse(ws, from, `it has this server's own id, ${serverId}: each member needs its own myid`);
      const older = this.links.get(hello.serverId);
      if (older === undefined) return this.admit(ws, from, hello);
      if (older.incarnation === hello.incarnation) {
        if (hello.knock) return ws.close(KNOCKED, 'linked already');
        older.end('its member opened another one');
        return this.whenGone(older, () => this.admit(ws, from, hello));
      }
      this.whetherAlive(older, (alive) => {
        if (alive) {
          return this.refuse(ws, from, `another process with id ${hello.serverId} is a member already: each member needs its own myid`);
        }
        older.end('its process does not answer, and another one came in its place');
        this.whenGone(older, () => this.admit(ws, from, hello));
      });
    });
  }

  private admit(ws: WebSocket, from: string, hello: Hello): void {
    if (ws.readyState !== ws.OPEN) return;
    const known = this.dialling.get(hello.serverId);
    if (!hello.knock) {
      ws.send(packFrame(packHello(this.hello(hello.serverId, false))), { binary: true });
      return this.established(ws, hello, false);
    }
    ws.close(KNOCKED, 'dialling');
    if (known !== undefined) return this.dialNow(known);
    // It isn't in the configuration (yet): it says where it is.
    const peer = this.options.parseAddress(hello.serverId, hello.address);
    if (peer === null) return this.warnOnce(`Server ${hello.serverId} from ${from} has an address that can't be read: ${hello.address}`);
    this.connect({ peer, attempts: 0, timer: null, ws: null, failure: '' }, false);
  }

  private dialNow(dialling: Dialling): void {
    if (dialling.timer !== null) clearTimeout(dialling.timer);
    dialling.timer = null;
    dialling.attempts = 0;
    this.dial(dialling);
  }

  private refuse(ws: WebSocket, from: string, reason: string): void {
    this.warnOnce(`Refused a connection from ${from} on the quorum port: ${reason}`);
    ws.close(REFUSED, Buffer.from(reason).subarray(0, 120));
  }

  private whenGone(link: PeerLink, then: () => void): void {
    if (this.links.get(link.peerId) !== link) return then();
    link.ws.once('close', () => setImmediate(then));
  }

  private whetherAlive(link: PeerLink, tell: (alive: boolean) => void): void {
    const answer = (alive: boolean): void => {
      clearTimeout(timer);
      link.ws.off('pong', onPong);
      link.ws.off('close', onGone);
      tell(alive);
    };
    const onPong = (): void => answer(true);
    const onGone = (): void => answer(false);
    const timer = setTimeout(onGone, PROOF_OF_LIFE_MS);
    link.ws.once('pong', onPong);
    link.ws.once('close', onGone);
    link.ws.ping();
  }

  // --- Both ---

  private hello(to: number, knock: boolean): Hello {
    const { serverId, address } = this.options;
    const { version, members } = this.options.config();
    return { serverId, to, incarnation: this.incarnation, address, configVersion: version, members, knock };
  }

  private mismatch(hello: Hello, expected: number): string | null {
    if (hello.serverId === expected) return null;
    return `server ${hello.serverId} answers there: the server.${expected} lines differ`;
  }

  private established(ws: WebSocket, hello: Hello, dialled: boolean): void {
    const { options } = this;
    const own = options.config();
    if (own.version === hello.configVersion && own.members !== hello.members) {
      this.warnOnce(`The configuration of server ${hello.serverId} has the members ${hello.members}, this one ${own.members}: make them equal`);
    }
    const link = new PeerLink(ws, hello.serverId, hello.incarnation, dialled);
    // The one before, if its end is still on the way.
    const older = this.links.get(hello.serverId);
    if (older !== undefined) {
      this.links.delete(hello.serverId);
      older.end('replaced by another one');
      options.linkDown(hello.serverId, true);
    }
    this.links.set(hello.serverId, link);
    ws.on('message', (data: RawData) => {
      if (this.links.get(hello.serverId) !== link) return;
      const messages = link.read(data as Buffer);
      if (typeof messages === 'string') {
        options.log.error(`Ending the link to server ${hello.serverId}: ${messages}`);
        return link.end(messages);
      }
      options.messages(hello.serverId, messages);
    });
    ws.once('close', () => this.lost(link));
    options.linkUp(hello.serverId);
  }

  private lost(link: PeerLink): void {
    const id = link.peerId;
    if (this.links.get(id) !== link) return;
    this.links.delete(id);
    if (link.endReason !== null && !this.closed) this.options.log.warn(`Ended the link to server ${id}: ${link.endReason}`);
    this.options.linkDown(id, link.endReason === null);
    const dialling = this.dialling.get(id);
    if (this.closed || dialling === undefined || id > this.options.serverId || dialling.timer !== null) return;
    dialling.timer = setTimeout(() => {
      dialling.timer = null;
      this.dial(dialling);
    }, BACKOFF_MS_MIN);
  }

  /** A line that repeats itself says nothing new. */
  private warnOnce(line: string): void {
    if (this.warned.has(line)) return;
    if (this.warned.size > 1000) this.warned.clear();
    this.warned.add(line);
    this.options.log.warn(line);
  }
}

function readHello(data: RawData): Hello | string {
  let items: unknown[];
  try {
    items = unpackFrame(data as Buffer);
  } catch (error) {
    return `it does not speak the protocol of members (${(error as Error).message})`;
  }
  return unpackHello(items);
}

/** The TCP socket under a client's WebSocket, which `ws` doesn't declare. */
function rawSocket(ws: WebSocket): Socket | undefined {
  return (ws as unknown as { _socket?: Socket })._socket;
}

function addressOf(socket: Socket): string {
  return `/${socket.remoteAddress ?? '?'}`;
}
