import { createHash, randomBytes } from 'node:crypto'
import type { Side } from './shown.ts'

const CODE_MS = 10 * 60_000
const ACCESS_MS = 3600_000
const REFRESH_MS = 30 * 24 * 3600_000
/** After a refresh the old pair stays good for this long. */
const OLD_PAIR_MS = 2 * 60_000
const MAX_KEPT = 10_000

/** What a user has agreed to. */
export type Consented = { side: Side; scopes: string[] }

type Code = Consented & { redirectUri: string; challenge: string | undefined; expiresAt: number; pair?: Pair }
type Pair = Consented & { accessToken: string; refreshToken?: string; accessUntil: number; refreshUntil: number }

/** Tokens as the platform hands them out. */
export type Issued = { accessToken: string; refreshToken?: string; scopes: string[]; expiresIn: number; side: Side }

/** Codes and tokens of the simulator, in memory and bounded: the oldest go when there are too many. */
export class Grants {
  readonly #codes = new Map<string, Code>()
  readonly #pairs = new Map<string, Pair>()
  readonly #refreshable = new Map<string, Pair>()
  readonly #now: () => number

  constructor({ now }: { now: () => number }) {
    this.#now = now
  }

  /** Adds a token that is good from the start and never expires. */
  seed({ accessToken, side, scopes }: Consented & { accessToken: string }): void {
    keep(this.#pairs, accessToken, { side, scopes, accessToken, accessUntil: Infinity, refreshUntil: 0 })
  }

  /** A code for one exchange within ten minutes. */
  issueCode(consented: Consented, redirectUri: string, challenge: string | undefined): string {
    const code = `ory_ac_${randomBytes(24).toString('base64url')}`
    keep(this.#codes, code, { ...consented, redirectUri, challenge, expiresAt: this.#now() + CODE_MS })
    return code
  }

  /** Trades a code for tokens, or says in one sentence why not. A code that comes twice ends what came of it the first time. */
  exchange(code: string, redirectUri: string, verifier: string | undefined): Issued | string {
    const kept = this.#codes.get(code)
    if (kept === undefined) return 'The code was never given out, or is too old.'
    if (kept.pair !== undefined) {
      this.#drop(kept.pair)
      return 'The code was used before; the tokens that came of it are void now.'
    }
    if (kept.expiresAt <= this.#now()) return 'The code has expired.'
    if (kept.redirectUri !== redirectUri) return 'The redirect_uri is not the one that the user was sent away with.'
    if (kept.challenge !== undefined && challengeOf(verifier ?? '') !== kept.challenge) {
      return 'The code_verifier does not fit the code_challenge.'
    }
    kept.pair = this.#issue(kept)
    return this.#shown(kept.pair)
  }

  /** Trades a refresh token for a new pair. Both rotate; the old pair stays good for two minutes. */
  refresh(refreshToken: string): Issued | string {
    const old = this.#refreshable.get(refreshToken)
    if (old === undefined || old.refreshUntil <= this.#now()) return 'The refresh token is unknown, used up or expired.'
    const until = this.#now() + OLD_PAIR_MS
    old.accessUntil = Math.min(old.accessUntil, until)
    old.refreshUntil = Math.min(old.refreshUntil, until)
    return this.#shown(this.#issue(old))
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
    return pair !== undefined && pair.accessUntil <= this.#now() ? 'expired' : pair
  }

  /** All access tokens expire now; what can be refreshed still can. */
  expireAll(): void {
    for (const pair of this.#pairs.values()) pair.accessUntil = Math.min(pair.accessUntil, this.#now())
  }

  /** A user takes back everything. */
  revoke(side: Side): void {
    for (const pair of [...this.#pairs.values()]) if (pair.side === side) this.#drop(pair)
  }

  #issue({ side, scopes }: Consented): Pair {
    const isOffline = scopes.includes('offline_access')
    const pair: Pair = {
      side,
      scopes,
      accessToken: `ory_at_${randomBytes(32).toString('base64url')}`,
      ...(isOffline && { refreshToken: `ory_rt_${randomBytes(32).toString('base64url')}` }),
      accessUntil: this.#now() + ACCESS_MS,
      refreshUntil: this.#now() + REFRESH_MS,
    }
    keep(this.#pairs, pair.accessToken, pair)
    if (pair.refreshToken !== undefined) keep(this.#refreshable, pair.refreshToken, pair)
    return pair
  }

  #shown({ accessToken, refreshToken, scopes, side, accessUntil }: Pair): Issued {
    const expiresIn = Math.round((accessUntil - this.#now()) / 1000)
    return { accessToken, ...(refreshToken !== undefined && { refreshToken }), scopes, side, expiresIn }
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair.accessToken)
    if (pair.refreshToken !== undefined) this.#refreshable.delete(pair.refreshToken)
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

function keep<Kept>(map: Map<string, Kept>, key: string, kept: Kept): void {
  map.set(key, kept)
  const [oldest] = map.keys()
  if (map.size > MAX_KEPT && oldest !== undefined) map.delete(oldest)
}
