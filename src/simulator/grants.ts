import { createHash, randomBytes } from 'node:crypto'
import type { Side } from './shown.ts'

const CODE_MS = 10 * 60_000
const ACCESS_MS = 3600_000
const REFRESH_MS = 30 * 24 * 3600_000
/** After a refresh the old pair stays good for this long. */
const OLD_PAIR_MS = 2 * 60_000
const MAX_KEPT = 10_000

/** What a user has agreed to. */
type Consented = { side: Side; scopes: string[] }

type Code = Consented & { redirectUri: string; challenge: string | undefined; expiresAt: number; isUsed: boolean }
type Pair = Consented & {
  accessToken: string
  refreshToken?: string
  accessUntil: number
  refreshUntil: number
  /** The code or the seeded token that it came from; a refreshed pair keeps it. */
  origin: string
  /** The access token is refused although it was just issued. */
  isRefused: boolean
}

/** How a fault changes the next tokens. */
export type Unusual = {
  /** The scopes that are granted instead of the agreed ones. */
  scopes?: (agreed: readonly string[]) => string[]
  /** Whether there is a refresh token; default: only with `offline_access`. */
  refreshable?: boolean
  isRefused?: boolean
}

/** Tokens as the platform hands them out. */
export type Issued = {
  accessToken: string
  refreshToken?: string
  scopes: string[]
  /** In seconds, as `expiresAt` is, which is a point in time. */
  expiresIn: number
  expiresAt: number
  side: Side
}

/** Codes and tokens of the simulator, in bounded memory: the oldest are dropped. */
export class Grants {
  /** How long the next access tokens are good, in milliseconds. */
  accessMs = ACCESS_MS
  readonly #codes = new Map<string, Code>()
  readonly #pairs = new Map<string, Pair>()
  readonly #refreshable = new Map<string, Pair>()
  readonly #now: () => number

  constructor({ now }: { now: () => number }) {
    this.#now = now
  }

  /** Adds an access token that is valid from the start and expires only by a refresh with its refresh token. */
  seed(seeded: Consented & { accessToken: string; refreshToken?: string }): void {
    const { accessToken, refreshToken } = seeded
    const pair = { ...seeded, accessUntil: Infinity, refreshUntil: Infinity, origin: accessToken, isRefused: false }
    keep(this.#pairs, accessToken, pair)
    if (refreshToken !== undefined) keep(this.#refreshable, refreshToken, pair)
  }

  /** A code for one exchange within ten minutes. */
  issueCode(consented: Consented, redirectUri: string, challenge: string | undefined): string {
    const code = `ory_ac_${randomBytes(24).toString('base64url')}`
    const expiresAt = this.#now() + CODE_MS
    keep(this.#codes, code, { ...consented, redirectUri, challenge, expiresAt, isUsed: false })
    return code
  }

  /** Exchanges a code for tokens, or returns the reason of a refusal. A repeated code revokes the tokens of the first exchange. */
  exchange(code: string, redirectUri: string, verifier: string | undefined, unusual: Unusual = {}): Issued | string {
    const kept = this.#codes.get(code)
    if (kept === undefined) return 'The code was never given out, or is too old.'
    if (kept.isUsed) {
      this.#drop(({ origin }) => origin === code)
      return 'The code was used before; the tokens that came of it are void now.'
    }
    if (kept.expiresAt <= this.#now()) return 'The code has expired.'
    if (kept.redirectUri !== redirectUri) return 'The redirect_uri is not the one that the user was sent away with.'
    const misfit = judgeVerifier(kept.challenge, verifier)
    if (misfit !== undefined) return misfit
    kept.isUsed = true
    return this.#shown(this.#issue(kept, code, unusual))
  }

  /** Exchanges a refresh token for a new pair. The old pair stays valid for two minutes. */
  refresh(refreshToken: string, unusual: Unusual = {}): Issued | string {
    const old = this.#refreshable.get(refreshToken)
    if (old === undefined || old.refreshUntil <= this.#now()) return 'The refresh token is unknown, used up or expired.'
    const until = this.#now() + OLD_PAIR_MS
    old.accessUntil = Math.min(old.accessUntil, until)
    old.refreshUntil = Math.min(old.refreshUntil, until)
    return this.#shown(this.#issue(old, old.origin, unusual))
  }

  /** The access token that a refresh token was given out with. */
  partnerOf(refreshToken: string): string | undefined {
    return this.#refreshable.get(refreshToken)?.accessToken
  }

  /** What a code was given out for; v1 does not say it again. */
  redirectOf(code: string): string | undefined {
    return this.#codes.get(code)?.redirectUri
  }

  /** Whose token this is and what it is good for. */
  find(accessToken: string): Consented | 'expired' | undefined {
    const pair = this.#pairs.get(accessToken)
    if (pair?.isRefused === true) return undefined
    return pair !== undefined && pair.accessUntil <= this.#now() ? 'expired' : pair
  }

  /** All access tokens expire now; what can be refreshed still can. */
  expireAll(): void {
    for (const pair of this.#pairs.values()) pair.accessUntil = Math.min(pair.accessUntil, this.#now())
  }

  /** A user revokes all tokens and unused codes. Returns the scopes that could be used until now; undefined when there was no token. */
  revoke(side: Side): string[] | undefined {
    const own = [...this.#pairs.values(), ...this.#refreshable.values()].filter((pair) => pair.side === side)
    this.#drop((pair) => pair.side === side)
    for (const [code, kept] of this.#codes) if (kept.side === side) this.#codes.delete(code)
    return own.length === 0 ? undefined : [...new Set(own.flatMap(({ scopes }) => scopes))]
  }

  #issue({ side, scopes: agreed }: Consented, origin: string, unusual: Unusual): Pair {
    const scopes = unusual.scopes?.(agreed) ?? agreed
    const isOffline = unusual.refreshable ?? agreed.includes('offline_access')
    const pair: Pair = {
      side,
      scopes,
      accessToken: `ory_at_${randomBytes(32).toString('base64url')}`,
      ...(isOffline && { refreshToken: `ory_rt_${randomBytes(32).toString('base64url')}` }),
      accessUntil: this.#now() + this.accessMs,
      refreshUntil: this.#now() + REFRESH_MS,
      origin,
      isRefused: unusual.isRefused ?? false,
    }
    keep(this.#pairs, pair.accessToken, pair)
    if (pair.refreshToken !== undefined) keep(this.#refreshable, pair.refreshToken, pair)
    return pair
  }

  #shown({ accessToken, refreshToken, scopes, side, accessUntil }: Pair): Issued {
    const expiresIn = Math.round((accessUntil - this.#now()) / 1000)
    const expiresAt = Math.round(accessUntil / 1000)
    return { accessToken, ...(refreshToken !== undefined && { refreshToken }), scopes, side, expiresIn, expiresAt }
  }

  #drop(isGone: (pair: Pair) => boolean): void {
    // Each map lets its own oldest go, so a pair may be left in only one of them.
    for (const map of [this.#pairs, this.#refreshable]) {
      for (const [token, pair] of map) if (isGone(pair)) map.delete(token)
    }
  }
}

/** The characters and the length of RFC 7636, 4.1. */
const VERIFIER = /^[\w.~-]{43,128}$/

/** Why a verifier does not prove what was asked for with this challenge (RFC 7636, 4.6; RFC 9700, 2.1.1). */
function judgeVerifier(challenge: string | undefined, verifier: string | undefined): string | undefined {
  if (challenge === undefined)
    return verifier === undefined
      ? undefined
      : 'There is a code_verifier, but the user was sent without a code_challenge.'
  if (verifier === undefined) return 'There is no code_verifier, but the user was sent with a code_challenge.'
  if (!VERIFIER.test(verifier)) return 'The code_verifier is not 43 to 128 unreserved characters.'
  return challengeOf(verifier) === challenge ? undefined : 'The code_verifier does not fit the code_challenge.'
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

function keep<Kept>(map: Map<string, Kept>, key: string, kept: Kept): void {
  map.set(key, kept)
  const [oldest] = map.keys()
  if (map.size > MAX_KEPT && oldest !== undefined) map.delete(oldest)
}
