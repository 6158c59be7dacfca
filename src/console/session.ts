import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { isSameSecret, type CallerKey } from '../access/authentication.ts'
import type { Permission } from '../access/authentication.ts'

const SESSION_MS = 8 * 3600_000
const NONCE_BYTES = 18
const KEY_BYTES = 32
const COOKIE = 'kenar_console'
/** Caller, expiry in milliseconds, nonce and MAC. Names of callers have no dots. */
const VALUE = /^(([\w-]{1,64})\.(\d{13})\.[\w-]{24})\.([\w-]{43})$/

/** A person who logged in with the key of a caller that may `operate`. */
export type Session = {
  caller: string
  permissions: ReadonlySet<Permission>
  /** Milliseconds since the epoch. */
  expiresAt: number
  /** The page sends it in a header with each change, which a page of another origin cannot. */
  token: string
}

export type Sessions = ReturnType<typeof createSessions>

/**
 * Sessions of the console. Nothing is stored: a cookie is valid while its caller has the key that it was made with and may `operate`, on every replica.
 * @param now milliseconds since the epoch
 */
export function createSessions(keys: readonly CallerKey[], now: () => number = Date.now) {
  const derived = keys
    .filter(({ permissions }) => permissions.has('operate'))
    .map(({ name, key, permissions }) => ({ name, key, permissions, sessionKey: deriveKey(key) }))

  return {
    /** A new session, as the value of a `Set-Cookie` header. */
    open: ({ name, key }: CallerKey, isSecure: boolean): string => {
      const owner = derived.find((one) => one.name === name && one.key === key)
      if (owner === undefined) throw new Error('expected a caller that may operate')
      const content = `${name}.${now() + SESSION_MS}.${randomBytes(NONCE_BYTES).toString('base64url')}`
      return setCookie(`${content}.${mac(owner.sessionKey, 'session', content)}`, SESSION_MS / 1000, isSecure)
    },
    /** The session of a `Cookie` header, if it has a valid one. */
    read: (cookies = ''): Session | undefined => {
      for (const value of valuesOfCookie(cookies)) {
        const [, content, caller, expiry, presented] = VALUE.exec(value) ?? []
        if (content === undefined || presented === undefined || caller === undefined || Number(expiry) <= now())
          continue
        const owner = derived.find(
          ({ name, sessionKey }) =>
            name === caller && isSameSecret(Buffer.from(mac(sessionKey, 'session', content)), Buffer.from(presented)),
        )
        if (owner === undefined) continue
        return {
          caller,
          permissions: owner.permissions,
          expiresAt: Number(expiry),
          token: mac(owner.sessionKey, 'token', content),
        }
      }
      return undefined
    },
  }
}

/** A `Set-Cookie` header that ends the session in this browser. */
export function endingCookie(isSecure: boolean): string {
  return setCookie('', 0, isSecure)
}

function setCookie(value: string, seconds: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : ''
  return `${COOKIE}=${value}; Path=/console; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`
}

/** A browser may send several: another path or host of this domain may have set one. */
function valuesOfCookie(cookies: string): string[] {
  return cookies
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${COOKIE}=`))
    .map((pair) => pair.slice(COOKIE.length + 1))
}

function deriveKey(key: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'kenar-chat-gateway/1/console', KEY_BYTES))
}

function mac(key: Buffer, use: 'session' | 'token', content: string): string {
  return createHmac('sha256', key).update(`${use}/${content}`).digest('base64url')
}
