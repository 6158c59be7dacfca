import type { MethodName } from '../methods.ts'
import type { SqliteQueries } from './open.ts'

/** Messages between the two threads. */
export type Call = { id: number; method: keyof SqliteQueries; parameters: never[]; state: CallState }
export type Reply =
  | { kind: 'opened'; methods: readonly MethodName[] }
  | { kind: 'not_opened'; why: string; cause: unknown; isTemporary: boolean }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: unknown; mayHaveCommitted: boolean }

/**
 * One number in shared memory for each call. The thread sets it when it begins the call, the caller when the timeout has passed. Only one
 * of them succeeds, so a call that timed out before it began never runs.
 */
export type CallState = Int32Array

const WAITING = 0
const TAKEN = 1
const GIVEN_UP = 2

export function newCallState(): CallState {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** @returns whether the call may begin */
export function begin(state: CallState): boolean {
  return Atomics.compareExchange(state, 0, WAITING, TAKEN) === WAITING
}

/** @returns whether the call has not begun, and never will */
export function abandon(state: CallState): boolean {
  return Atomics.compareExchange(state, 0, WAITING, GIVEN_UP) !== TAKEN
}
