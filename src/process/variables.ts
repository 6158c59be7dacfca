import { isIP } from 'node:net'
import { z } from 'zod'
import { readWebAddress } from '../base/address.ts'
import { LOG_LEVELS } from '../base/log.ts'
import { checkLandingUrl } from '../resolver/landing.ts'

/** The kinds of variables. Every error says what was expected; none repeats a value, for any of them may be a secret. */

const MIN_CALLER_KEY = 16

function required(error: string) {
  return z.string({ error: (issue) => (issue.input === undefined ? `missing; ${error}` : error) })
}

export const text = required('expected a text')

const hostError = 'expected an IP address, or localhost'
export const host = required(hostError).refine((value) => value === 'localhost' || isIP(value) !== 0, {
  error: hostError,
})

function integer(min: number, max: number, what: string) {
  const error = `expected ${what} from ${min} to ${max}`
  return required(error)
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
}

export const port = integer(0, 65_535, 'a port number')

export function milliseconds(min: number, max: number) {
  return integer(min, max, 'whole milliseconds')
}

/** Free text of Divar's panel: no length, no alphabet. */
export const identificationKey = required('expected the key that the developer panel shows')

const headerSecretError = 'expected visible ASCII characters without blanks'
export const headerSecret = required(headerSecretError).regex(/^[\x21-\x7e]+$/, { error: headerSecretError })

const callerKeysError = `expected name:key,name:key with names of letters, digits, _ and -, and keys of at least ${MIN_CALLER_KEY} visible ASCII characters; each name and each key once`
export const callerKeys = required(callerKeysError)
  .transform((list) => list.split(',').map(splitCallerKey))
  .refine((entries) => entries.every(isCallerKey) && isUnique(entries.map(({ name }) => name)), {
    error: callerKeysError,
  })
  .refine((entries) => isUnique(entries.map(({ key }) => key)), { error: callerKeysError })

type CallerKey = { name: string; key: string }

function splitCallerKey(entry: string): CallerKey {
  const [name = '', ...rest] = entry.trim().split(':')
  return { name, key: rest.join(':') }
}

function isCallerKey({ name, key }: CallerKey): boolean {
  return /^[\w-]{1,64}$/.test(name) && key.length >= MIN_CALLER_KEY && /^[\x21-\x7e]+$/.test(key)
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}

export const resolverKind = z.enum(['template', 'module', 'forward'], {
  error: (issue) => `${issue.input === undefined ? 'missing; ' : ''}expected template, module or forward`,
})

const webAddressError = 'expected an absolute http(s) address without credentials'
export const webAddress = required(webAddressError).transform((value, context) => {
  const address = readWebAddress(value)
  if (address !== undefined) return address
  context.addIssue({ code: 'custom', message: webAddressError })
  return z.NEVER
})

const baseAddressError = 'expected an address without query and fragment'
/** Paths are put behind it. */
export const baseAddress = webAddress.refine(({ search, hash }) => search === '' && hash === '', {
  error: baseAddressError,
})

/** The operator's own word, so no list of origins is asked; but a user's browser goes there, so it is https. */
export const landing = required('expected an https address').transform((value, context) => {
  const checked = checkLandingUrl(value, {})
  if ('url' in checked) return checked.url
  context.addIssue({ code: 'custom', message: checked.refused })
  return z.NEVER
})

const originsError = 'expected origins such as https://app.example.com, separated by commas'
export const origins = required(originsError).transform((list, context): ReadonlySet<string> => {
  const addresses = list.split(',').map((entry) => readWebAddress(entry.trim()))
  const found = addresses.flatMap((address) => (address?.href === `${address?.origin}/` ? [address.origin] : []))
  if (found.length === addresses.length) return new Set(found)
  context.addIssue({ code: 'custom', message: originsError })
  return z.NEVER
})

export const logLevel = z.enum(LOG_LEVELS, { error: `expected one of ${LOG_LEVELS.join(', ')}` })
