import type { MethodName } from '../methods.ts'
import type { SqliteQueries } from './open.ts'

/** What the two threads say to each other. */
export type Call = { id: number; method: keyof SqliteQueries; parameters: never[]; turn: Turn }
export type Told =
  | { kind: 'opened'; methods: readonly MethodName[] }
  | { kind: 'not_opened'; why: string; cause: unknown; isTemporary: boolean }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: unknown; mayHaveCommitted: boolean }

/**
 * Memory that both threads share, one number for each call: the thread takes its turn before it begins a call, and the caller takes it back
 * when the deadline has passed. Only one of them succeeds, so a call that was given up in time never runs.
 */
export type Turn = Int32Array

const WAITING = 0
const TAKEN = 1
const GIVEN_UP = 2

export function newTurn(): Turn {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** @returns whether the call may begin */
export function take(turn: Turn): boolean {
  return Atomics.compareExchange(turn, 0, WAITING, TAKEN) === WAITING
}

/** @returns whether the call has not begun, and never will */
export function giveUp(turn: Turn): boolean {
  return Atomics.compareExchange(turn, 0, WAITING, GIVEN_UP) !== TAKEN
}
