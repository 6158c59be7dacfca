import { SAMPLES } from './samples.ts'
import type { Target } from './target.ts'

/** The result of a check; `detail` says what was answered instead of what is required. */
export type Finding = { name: string; verdict: 'ok' | 'failed' | 'skipped'; detail?: string }

export type CheckedGateway = { sessionUrl: URL; target: Target; key?: string }

/** Resolves to a sentence when the guarantee in its name does not hold. Rejects only when the gateway does not answer. */
export type Check = { name: string; needsKey: boolean; run: (gateway: CheckedGateway) => Promise<string | undefined> }

/** The gateway refuses, but not for the reason that is checked. */
export const TOO_MANY_WRONG_KEYS = 'answered 429: too many wrong keys from this address; run this again a minute later'

export const JSON_HEADERS = { 'content-type': 'application/json' }

export const bodyOf = (name: string) => SAMPLES.get(name)?.body ?? {}
