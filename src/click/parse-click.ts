import type { IncomingHttpHeaders } from 'node:http'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { fieldErrors, summarize } from '../base/fields.ts'
import { newId } from '../base/id.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { ClickRead } from './click.ts'
import { readClickV1 } from './read-click-v1.ts'
import { readClickV2 } from './read-click-v2.ts'

/** A reader for each version of the API. */
const readers = { v1: readClickV1, v2: readClickV2 }

type ClickWire = keyof typeof readers

/**
 * Reads the wire version from `API-Version`; without it v1. Divar documents the header with a hyphen and, on two pages, an underscore.
 * @throws Fault `unknown_version`
 */
export function readClickVersion(headers: IncomingHttpHeaders): ClickWire {
  const hyphened = String(headers['api-version'] ?? '').trim()
  const underscored = String(headers['api_version'] ?? '').trim()
  const version = hyphened === '' ? underscored : hyphened
  const isOneVersion = underscored === '' || underscored === version
  if (isOneVersion && (version === '1' || version === '')) return 'v1'
  if (isOneVersion && version === '2') return 'v2'
  throw new Fault('unknown_version', 'API-Version: expected 1, 2 or no such header (1)')
}

/**
 * Parses a session-initialization body of either wire into one Click.
 * @throws Fault `invalid_click` with all errors of the body
 */
export function parseClick(wire: ClickWire, body: unknown): ClickRead {
  if (!isJsonObject(body)) throw new Fault('invalid_click', 'body: expected a JSON object')
  try {
    return readers[wire](body, newId('clk'))
  } catch (error) {
    throw asFault('invalid_click', error, versionHint(wire, body))
  }
}

/** A schema's errors as a fault; other errors unchanged. */
export function asFault(code: 'invalid_click' | 'invalid_action', error: unknown, hint = ''): unknown {
  if (!(error instanceof z.ZodError)) return error
  const errors = fieldErrors(error)
  return new Fault(code, summarize(errors) + hint, { errors })
}

/** Some proxies (nginx by default) drop headers with an underscore; a v2 click then looks like an invalid v1 one. */
function versionHint(wire: ClickWire, body: JsonObject): string {
  return wire === 'v1' && !Object.hasOwn(body, 'peer_id') && Object.hasOwn(body, 'user_side')
    ? '. This looks like v2 without its API-Version header: does a proxy drop API_VERSION?'
    : ''
}
