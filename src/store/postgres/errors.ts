import pg from 'pg'
import { describeError } from '../../observability/log.ts'
import { StoreSetupError } from '../store.ts'

/**
 * Errors after which a session is as good as before: they are about one statement, or about how much the server has to do. After any other
 * the session is thrown away. A new one costs some milliseconds, and a session that was made while the database was read-only, or under
 * another role or search path, would refuse every call for as long as it lives.
 */
const SESSION_IS_GOOD = /^(?:22|23|40|53|54|55)|^57014$/
/** A deadlock, or two transactions that cannot both be: PostgreSQL asks to run one of them again. */
const RETRYABLE = new Set(['40P01', '40001'])
/** Errors about the data of one call. They say nothing about the state of the store. */
const ABOUT_DATA = /^(?:22|23|40)/
const READ_ONLY = '25006'
/** The session, the server or a pooler failed; 40003 says itself that the completion is unknown. */
const OUTCOME_UNKNOWN = /^(?:08|57P|58|XX)|^40003$/

export function isSessionUseless(error: unknown): boolean {
  return !SESSION_IS_GOOD.test(sqlStateOf(error) ?? '')
}

export function isStoreFailing(error: unknown): boolean {
  return !ABOUT_DATA.test(sqlStateOf(error) ?? '')
}

export function isRetryable(error: unknown): boolean {
  return error instanceof StaleSessionError || RETRYABLE.has(sqlStateOf(error) ?? '')
}

/** A session from before a failover refused to write. Nothing was done, and a new session may be able to. */
export class StaleSessionError extends Error {
  constructor(cause: unknown) {
    super('a session from a read-only time cannot write', { cause })
    this.name = 'StaleSessionError'
  }
}

/** Whether a statement that commits surely had no effect. Otherwise the session ended before PostgreSQL, or a pooler, said what happened. */
export function surelyFailed(error: unknown): boolean {
  if (error instanceof StaleSessionError) return true
  const state = sqlStateOf(error)
  return state !== undefined && !OUTCOME_UNKNOWN.test(state)
}

export function isReadOnly(error: unknown): boolean {
  return sqlStateOf(error) === READ_ONLY
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

type Reason = { sentence: string; isTemporary: boolean }

/** By SQLSTATE, or by the code of the system's, of Node's or of OpenSSL's error. */
const BY_CODE: Readonly<Record<string, Reason>> = {
  '08P01': permanent('the server, or a pooler in front of it, does not take a parameter of DATABASE_URL'),
  '25006': temporary('the database is read-only'),
  '28000': permanent('the server does not let this user in'),
  '28P01': permanent('the server refuses the user name or the password'),
  '3D000': permanent('there is no database of this name'),
  '3F000': permanent('there is no schema of this name'),
  '42501': permanent('this user lacks a permission in the database'),
  '53300': temporary('the server has no connection left'),
  '53100': temporary("the server's disk is full"),
  '55P03': temporary('another session holds a lock on a table'),
  '57014': temporary('a statement took too long'),
  '57P03': temporary('the server is starting or stopping'),
  ECONNREFUSED: temporary('nothing listens at its address'),
  ECONNRESET: temporary('the connection was cut'),
  EPIPE: temporary('the connection was cut'),
  ETIMEDOUT: temporary('the server does not answer'),
  EHOSTUNREACH: temporary('there is no way to its address'),
  ENETUNREACH: temporary('there is no way to its address'),
  ENOTFOUND: temporary('its host name is not known'),
  EAI_AGAIN: temporary('its host name cannot be looked up at the moment'),
  ENOENT: permanent('a file or socket that DATABASE_URL names is not there'),
  EISDIR: permanent('a file that DATABASE_URL names is a folder'),
  EACCES: permanent('a file or socket that DATABASE_URL names may not be used'),
  CERT_HAS_EXPIRED: permanent("the server's certificate has expired"),
  DEPTH_ZERO_SELF_SIGNED_CERT: permanent("the server's certificate is self-signed; name its authority by sslrootcert"),
  SELF_SIGNED_CERT_IN_CHAIN: permanent('the server has a private certificate authority; name it by sslrootcert'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: permanent(
    'the certificate authority of the server is not known; name it by sslrootcert',
  ),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: permanent(
    'the certificate authority of the server is not known; name it by sslrootcert',
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: permanent("the server's certificate is for another host name"),
}

/** By class of SQLSTATE, or by the beginning of a code. */
const BY_CLASS: readonly [RegExp, Reason][] = [
  [/^08/, temporary('the connection failed')],
  [/^28/, permanent('the server does not let this user in')],
  [/^40/, temporary('the server ended the transaction')],
  [/^53/, temporary('the server has too little left of something')],
  [/^5[57]/, temporary('the server cannot do it at the moment')],
  [/^(?:58|XX)/, temporary('the server has a fault of its own')],
  [/^[0-9A-Z]{5}$/, permanent('the server refuses a statement that the gateway needs')],
  [
    /CERT|^ERR_(?:TLS|SSL|OSSL)|^HOSTNAME_MISMATCH|^INVALID_CA|^INVALID_PURPOSE/,
    permanent('TLS with the server fails'),
  ],
]

/** The driver has no codes for these; its texts are matched, and never repeated: they may hold the address. */
const BY_TEXT: readonly [RegExp, Reason][] = [
  [/does not support SSL/, permanent('the server has no TLS, and DATABASE_URL asks for it')],
  [/^SASL|SCRAM|password must be/, permanent('the server asks for a password that DATABASE_URL does not have')],
  [/timeout|terminated|closed/i, temporary('the server does not answer')],
  [/sslmode|libpq|SSL/i, permanent('the TLS settings in DATABASE_URL contradict each other')],
]

function temporary(sentence: string): Reason {
  return { sentence, isTemporary: true }
}

function permanent(sentence: string): Reason {
  return { sentence, isTemporary: false }
}

/** Why PostgreSQL cannot be used, and whether a later start may succeed. */
export function toSetupError(error: unknown, what?: string): StoreSetupError {
  if (error instanceof StoreSetupError) return error
  const cause = rootOf(error)
  const { error_code: code } = describeError(cause)
  const { sentence, isTemporary } = reasonOf(cause, code)
  const named = code === undefined ? '' : ` (${code})`
  return new StoreSetupError(
    `PostgreSQL cannot be used: ${what === undefined ? '' : `${what}: `}${sentence}${named}`,
    cause,
    { isTemporary },
  )
}

function reasonOf(error: unknown, code: string | undefined): Reason {
  const text = error instanceof Error ? error.message : ''
  return (
    (code === undefined ? undefined : (BY_CODE[code] ?? BY_CLASS.find(([form]) => form.test(code))?.[1])) ??
    BY_TEXT.find(([form]) => form.test(text))?.[1] ??
    temporary('the connection failed for a reason that the driver does not name')
  )
}

/** When several addresses failed, the last one is reported. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError) return rootOf(error.errors.at(-1))
  if (!(error instanceof Error) || error instanceof pg.DatabaseError || 'code' in error) return error
  return error.cause === undefined ? error : rootOf(error.cause)
}
