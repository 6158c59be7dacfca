import type { RequestHandler, Response } from 'express'
import { Fault } from '../base/fault.ts'
import { isContradictory, valuesOf } from '../base/repeated-header.ts'
import { digestSecret } from './secret.ts'
import type { CountWrongKey } from './wrong-keys.ts'

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Locals {
      /** The name of the calling service in INTERNAL_API_KEYS, once it is authenticated. */
      caller?: string
    }
  }
}

/**
 * Middleware that authenticates one of the company's own services by `x-api-key`; handlers behind it ask `callerOf` for its name. The same key sent
 * twice counts as one key, two different ones as none. Keys are looked up by salted digest: the lookup costs the same for any number of keys,
 * and its timing says nothing about a key.
 * @throws Fault `api_key_refused` or `too_many_wrong_keys`
 */
export function requireCaller(
  keys: readonly { name: string; key: string }[],
  countWrongKey: CountWrongKey,
): RequestHandler {
  const names = new Map(keys.map(({ name, key }) => [digestText(Buffer.from(key, 'utf8')), name]))
  return (request, response, next) => {
    const values = valuesOf('x-api-key', request.rawHeaders)
    const key = isContradictory(values) ? '' : (values[0] ?? '')
    const name = names.get(digestText(Buffer.from(key, 'latin1')))
    if (name === undefined) {
      throw countWrongKey(
        request,
        new Fault('api_key_refused', 'x-api-key: expected one of the keys in INTERNAL_API_KEYS of this gateway'),
      )
    }
    response.locals.caller = name
    response.locals.requestLog.fields['caller'] = name
    next()
  }
}

/** The calling service. Throws on a route without `requireCaller`, so that none can be served without authentication. */
export function callerOf({ locals: { caller } }: Response): string {
  if (caller === undefined) throw new Error('expected a route behind requireCaller')
  return caller
}

function digestText(key: Buffer): string {
  return digestSecret(key).toString('base64')
}
