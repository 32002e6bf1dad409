/**
 * How much garbage V8 may let lie beside a large tree. It collects when the heap has grown to about twice what was alive, which
 * for a small heap is right: collections are few, and a few MB are nothing. A large tree would have hundreds of MB of garbage
 * beside it. From then on the heap grows by half; collections are concurrent, and cost a few percent more processor time.
 */
import { setFlagsFromString } from 'node:v8';

/** Below it, all that is alive is less than what a collection leaves room for anyway. */
const LARGE_TREE_ZNODES = 50_000;
const GROWTH_PERCENT = 50;

let isLimited = false;

/** Says how large the tree is; as often as one likes. The whole process has one heap, and its growth is limited once. */
export function treeHas(nodeCount: number): void {
  if (isLimited || nodeCount < LARGE_TREE_ZNODES) return;
  isLimited = true;
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
