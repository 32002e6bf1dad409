/**
 * A simulated network of links as the transport gives them: one between any two processes, in order while it is up. What goes
 * wrong is what goes wrong with TCP: a link breaks and takes what was on its way with it, each end hears of that in its own time;
 * a partition (of one direction or both) holds back what is sent until it heals or the link is given up; links don't wait for each other.
 */
import type { Prng } from '../../../shared/base/prng.ts';
import type { PeerMessage } from '../../../coordinator/zab/messages.ts';
import type { Schedule } from '../schedule.ts';

export interface Endpoint {
  readonly id: number;
  linkUp(peer: number): void;
  linkDown(peer: number): void;
  receive(from: number, message: PeerMessage): void;
}

interface Link {
  readonly ends: readonly [number, number];
  isBroken: boolean;
  /** Per direction (from the lower id, from the higher): when the last message arrives, and what a partition holds back. */
  readonly lastAtMs: [number, number];
  readonly held: [PeerMessage[], PeerMessage[]];
  /** Ends that know of the link. */
  readonly upAt: Set<number>;
}

export interface NetworkOptions {
  delayMinMs: number;
  delayMaxMs: number;
  reconnectMs: number;
  /** The longest that an end doesn't know that its link broke. */
  breakNoticeMaxMs: number;
}

export class Network {
  messageCount = 0;
  private readonly links = new Map<number, Link>();
  private readonly endpoints = new Map<number, Endpoint>();
  /** The link that each end believes it has, by (end, other end). */
  private readonly known = new Map<number, Link>();
  private readonly blocked = new Set<number>();
  private readonly schedule: Schedule;
  private readonly prng: Prng;
  private readonly options: NetworkOptions;

  constructor(schedule: Schedule, prng: Prng, options: NetworkOptions) {
    this.schedule = schedule;
    this.prng = prng;
    this.options = options;
  }

  private delay(): number {
    const { delayMinMs, delayMaxMs } = this.options;
    // Mostly short, now and then the longest.
    const x = this.prng.next();
    return delayMinMs + (delayMaxMs - delayMinMs) * x * x * x;
  }

  // --- Processes ---

  join(endpoint: Endpoint): void {
    this.endpoints.set(endpoint.id, endpoint);
    for (const other of this.endpoints.keys()) if (other !== endpoint.id) this.dial(endpoint.id, other);
  }

  /** The process is gone, and with it its ends. */
  leave(endpoint: Endpoint): void {
    if (this.endpoints.get(endpoint.id) === endpoint) this.endpoints.delete(endpoint.id);
    for (const way of [...this.known.keys()]) if (Math.floor(way / IDS_MAX) === endpoint.id) this.known.delete(way);
    for (const link of [...this.links.values()]) if (link.ends.includes(endpoint.id)) this.break(link);
  }

  private dial(a: number, b: number): void {
    this.schedule.after(this.prng.next() * this.options.reconnectMs, () => this.connect(a, b));
  }

  private connect(a: number, b: number): void {
    const [low, high] = a < b ? [a, b] : [b, a];
    if (!this.endpoints.has(low) || !this.endpoints.has(high) || this.links.has(pair(low, high))) return;
    if (this.blocked.has(way(low, high)) || this.blocked.has(way(high, low))) return this.dial(low, high);
    const link: Link = {
      ends: [low, high],
      isBroken: false,
      lastAtMs: [0, 0],
      held: [[], []],
      upAt: new Set(),
    };
    this.links.set(pair(low, high), link);
    for (const [side, id] of link.ends.entries()) {
      const atMs = this.schedule.nowMs + this.delay();
      // What the other end sends comes after this end has the link.
      link.lastAtMs[1 - side] = atMs;
      const endpoint = this.endpoints.get(id)!;
      this.schedule.at(atMs, () => {
        if (link.isBroken || this.endpoints.get(id) !== endpoint) return;
        link.upAt.add(id);
        // An end that didn't know yet that the old one was gone knows it now.
        if (this.known.get(way(id, link.ends[1 - side]!)) !== undefined) endpoint.linkDown(link.ends[1 - side]!);
        this.known.set(way(id, link.ends[1 - side]!), link);
        endpoint.linkUp(link.ends[1 - side]!);
      });
    }
  }

  // --- Messages ---

  send(from: number, to: number, message: PeerMessage): void {
    this.messageCount++;
    const link = this.links.get(pair(from, to));
    if (link === undefined || !link.upAt.has(from)) return;
    const side = link.ends[0] === from ? 0 : 1;
    if (this.blocked.has(way(from, to)) || link.held[side].length > 0) {
      link.held[side].push(message);
      return;
    }
    this.carry(link, side, message);
  }

  private carry(link: Link, side: 0 | 1, message: PeerMessage): void {
    const from = link.ends[side]!;
    const to = link.ends[1 - side]!;
    const atMs = Math.max(link.lastAtMs[side], this.schedule.nowMs + this.delay());
    link.lastAtMs[side] = atMs;
    this.schedule.at(atMs, () => {
      if (link.isBroken || !link.upAt.has(to)) return;
      this.endpoints.get(to)?.receive(from, message);
    });
  }

  // --- Failures ---

  /** Ends the link; what was on its way is lost. */
  private break(link: Link): void {
    if (link.isBroken) return;
    link.isBroken = true;
    this.links.delete(pair(...(link.ends as [number, number])));
    let lastMs = 0;
    for (const [side, id] of link.ends.entries()) {
      const endpoint = this.endpoints.get(id);
      if (endpoint === undefined || !link.upAt.has(id)) continue;
      const afterMs = this.prng.next() * (this.prng.int(4) === 0 ? this.options.breakNoticeMaxMs : this.options.delayMaxMs);
      lastMs = Math.max(lastMs, afterMs);
      this.schedule.after(afterMs, () => {
        if (this.endpoints.get(id) !== endpoint || this.known.get(way(id, link.ends[1 - side]!)) !== link) return;
        this.known.delete(way(id, link.ends[1 - side]!));
        endpoint.linkDown(link.ends[1 - side]!);
      });
    }
    // A new one only when both ends have done with the old.
    this.schedule.after(lastMs, () => this.dial(...(link.ends as [number, number])));
  }

  breakBetween(a: number, b: number): void {
    const link = this.links.get(pair(a, b));
    if (link !== undefined) this.break(link);
  }

  /** Nothing gets from `from` to `to` until `heal`. The link is given up after a while. */
  block(from: number, to: number, giveUpMs: number): void {
    this.blocked.add(way(from, to));
    const link = this.links.get(pair(from, to));
    if (link === undefined) return;
    this.schedule.after(giveUpMs, () => {
      if (this.blocked.has(way(from, to)) && this.links.get(pair(from, to)) === link) this.break(link);
    });
  }

  heal(): void {
    this.blocked.clear();
    for (const link of this.links.values()) {
      for (const side of [0, 1] as const) {
        for (const message of link.held[side].splice(0)) this.carry(link, side, message);
      }
    }
  }
}

const IDS_MAX = 1024;

function pair(a: number, b: number): number {
  return a < b ? a * IDS_MAX + b : b * IDS_MAX + a;
}

function way(from: number, to: number): number {
  return from * IDS_MAX + to;
}
