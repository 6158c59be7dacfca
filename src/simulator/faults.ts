import type { ServerResponse } from 'node:http'
import type { Answer } from './http.ts'
import { FAULTS, type ArmedFault, type FaultName } from './shown.ts'

/** What the platform does with a request instead of its normal answer. */
export type Misbehaviour =
  | { kind: 'answer'; status: number; body?: string; headers?: Record<string, string>; delayMs?: number }
  /** The normal answer, late. */
  | { kind: 'slow'; delayMs: number }
  /** Reads the request and never answers. */
  | { kind: 'silence' }
  /** Reads the request, then closes the connection. */
  | { kind: 'reset' }
  /** Handles the request normally, then closes the connection instead of answering. */
  | { kind: 'reset_after' }
  /** Sends an informational 103, then closes the connection; the request has no effect. */
  | { kind: 'early_hints_reset' }
  /** Closes the connection in the middle of an answer with this status. */
  | { kind: 'cut_answer'; status: number }

/** Whether the request is handled normally, with its effect, in spite of the misbehaviour. */
export function takesEffect({ kind }: Misbehaviour): boolean {
  return kind === 'slow' || kind === 'reset_after'
}

const SLOW_MS = 3000
const RETRY_AFTER_SECONDS = 5

/** The faults that change how a request is answered. */
const BY_NAME: Partial<Record<FaultName, Misbehaviour>> = {
  401: error(401, 16, 'invalid access token'),
  403: error(403, 7, 'permission denied'),
  412: error(412, 9, "message delivery failed due to recipient's restriction"),
  429: error(429, 8, 'per-minute limit of the app is passed', { 'retry-after': String(RETRY_AFTER_SECONDS) }),
  500: error(500, 13, 'internal error'),
  slow: { kind: 'slow', delayMs: SLOW_MS },
  silence: { kind: 'silence' },
  reset: { kind: 'reset' },
  reset_after: { kind: 'reset_after' },
  '103_reset': { kind: 'early_hints_reset' },
  token_500: error(500, 13, 'internal error'),
  token_reset: { kind: 'reset' },
  token_reset_after: { kind: 'reset_after' },
}

function error(status: number, code: number, message: string, headers: Record<string, string> = {}): Misbehaviour {
  return { kind: 'answer', status, body: JSON.stringify({ code, message }), headers }
}

const NAMES: readonly FaultName[] = Object.values(FAULTS).flat()

export function readFaultName(value: unknown): FaultName | undefined {
  return NAMES.find((name) => name === value)
}

/** Armed faults, first come first served; each applies to a number of requests. */
export class ArmedFaults {
  readonly #armed: ArmedFault[] = []
  readonly #onChange: () => void

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  list(): ArmedFault[] {
    return this.#armed.map((one) => ({ ...one }))
  }

  arm(fault: FaultName, times: number): void {
    const last = this.#armed.at(-1)
    if (last?.fault === fault) last.times += times
    else this.#armed.push({ fault, times })
    this.#onChange()
  }

  clear(): void {
    this.#armed.length = 0
    this.#onChange()
  }

  /** Takes the first fault for this kind of request. */
  take(target: keyof typeof FAULTS): FaultName | undefined {
    const names: readonly FaultName[] = FAULTS[target]
    const index = this.#armed.findIndex(({ fault }) => names.includes(fault))
    const one = this.#armed[index]
    if (one === undefined) return undefined
    one.times -= 1
    if (one.times === 0) this.#armed.splice(index, 1)
    this.#onChange()
    return one.fault
  }
}

/** The misbehaviour of a fault; undefined for one that does not change how a request is answered. */
export function misbehaviourOf(fault: FaultName | undefined): Misbehaviour | undefined {
  return fault === undefined ? undefined : BY_NAME[fault]
}

/** Answers normally, or with the misbehaviour. */
export function perform(answer: Answer, what: Misbehaviour | undefined, response: ServerResponse): void {
  switch (what?.kind) {
    case undefined:
      write(answer, response)
      break
    case 'answer': {
      const headers = { 'content-type': 'application/json', ...what.headers }
      after(what.delayMs, response, () => {
        write({ status: what.status, headers, body: what.body ?? '' }, response)
      })
      break
    }
    case 'slow':
      after(what.delayMs, response, () => {
        write(answer, response)
      })
      break
    case 'silence':
      break
    case 'reset':
    case 'reset_after':
      response.destroy()
      break
    case 'early_hints_reset':
      response.writeEarlyHints({ link: '</hint>; rel=preconnect' }, () => response.destroy())
      break
    case 'cut_answer':
      response.writeHead(what.status, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"status":', () => response.destroy())
      break
  }
}

export function write(
  { status, headers, body }: Omit<Answer, 'body'> & { body: string | Buffer },
  response: ServerResponse,
): void {
  response.writeHead(status, headers).end(body)
}

function after(ms: number | undefined, response: ServerResponse, act: () => void): void {
  if (ms === undefined) {
    act()
    return
  }
  const timer = setTimeout(act, ms)
  response.once('close', () => {
    clearTimeout(timer)
  })
}
