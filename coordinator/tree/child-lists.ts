/**
 * The names of a znode's children as a list, kept until they change: those who watch the same large znode ask for the same
 * list, and its encoded form is kept with it (`shared/jute/records.ts`). Bounded by the number of names in all lists.
 */
import type { Znode } from './znode.ts';

/** Shorter lists are made anew each time. */
const KEPT_NAMES_MIN = 32;
/** About 25 bytes each: the reference and the encoded name. */
const NAMES_MAX = 400_000;

export class ChildLists {
  /** Oldest first, as they are given up. */
  private readonly lists = new Map<Znode, readonly string[]>();
  private nameCount = 0;

  of(node: Znode): readonly string[] {
    if (node.children === null) return [];
    if (node.children.size < KEPT_NAMES_MIN) return [...node.children.keys()];
    const known = this.lists.get(node);
    if (known !== undefined) return known;
    const list = [...node.children.keys()];
    if (list.length > NAMES_MAX) return list;
    this.lists.set(node, list);
    this.nameCount += list.length;
    for (const oldest of this.lists.keys()) {
      if (this.nameCount <= NAMES_MAX) break;
      this.changed(oldest);
    }
    return list;
  }

  /** A child of `node` came or went. */
  changed(node: Znode): void {
    if (this.lists.size === 0) return;
    const list = this.lists.get(node);
    if (list === undefined) return;
    this.lists.delete(node);
    this.nameCount -= list.length;
  }
}
