import { SAMPLES } from './samples.ts'
import type { Target } from './target.ts'

/** The result of a check; `detail` says what is wrong, why it was skipped, or what is worth knowing. */
export type Finding = { name: string; verdict: 'ok' | 'failed' | 'skipped'; detail?: string }

/** `internal`: where the routes for services are, and a key for them. */
export type CheckedGateway = {
  sessionUrl: URL
  target: Target
  key?: string
  internal: { target: Target; key?: string }
}

/** Resolves to a sentence when the guarantee in its name does not hold. Rejects only when the gateway does not answer. */
export type Check = {
  name: string
  needsKey: boolean
  run: (gateway: CheckedGateway) => Promise<string | Omit<Finding, 'name'> | undefined>
}

/** The gateway refuses, but not for the reason that is checked. */
export const TOO_MANY_WRONG_KEYS = 'answered 429: too many wrong keys from this address; run this again a minute later'

export const JSON_HEADERS = { 'content-type': 'application/json' }

export const bodyOf = (name: string) => SAMPLES.get(name)?.body ?? {}
