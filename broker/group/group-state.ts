/**
 * The states of a classic consumer group and the moves between them, as data.
 *
 *     Empty ──join──▶ PreparingRebalance ──all joined──▶ CompletingRebalance ──assignment written──▶ Stable
 *       ▲                 │    ▲  ▲                            │                                       │
 *       └──nobody joined──┘    │  └──join, leave, expiry───────┘                                       │
 *                              └──join, leave, expiry──────────────────────────────────────────────────┘
 *
 * - Empty: no members. Offsets may be there, and may be committed by consumers that assign partitions themselves.
 * - PreparingRebalance: members are called together: JoinGroup waits, Heartbeat says REBALANCE_IN_PROGRESS.
 * - CompletingRebalance: the generation is settled, the leader's assignment is awaited: SyncGroup waits.
 * - Stable: everyone can have an assignment.
 * - Dead: deleted, or no longer coordinated here. Every state may end so, and nothing follows.
 *
 * The words are those that DescribeGroups and ListGroups show.
 */
import { assert } from '../../shared/base/assert.ts';

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** For each state, the states it may be entered from. */
export const ENTERED_FROM: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'],
};

export function canMove(from: GroupState, to: GroupState): boolean {
  return ENTERED_FROM[to].includes(from);
}

export function assertMove(groupId: string, from: GroupState, to: GroupState): void {
  const allowed = ENTERED_FROM[to].join(', ');
  assert(canMove(from, to), `group "${groupId}" moves from ${from} to ${to}, which is entered from ${allowed}`);
}
