import { describeError } from '../observability/log.ts'
import { ResolverSetupError } from '../resolver/resolver.ts'
import { StoreError, StoreSetupError } from '../store/store.ts'

/** sysexits.h: another start would fail the same way; or it may succeed. */
export const EX_CONFIG = 78
const EX_TEMPFAIL = 75
/** A fault of the program's own. */
const EX_BUG = 1

export type StartFailure = {
  exitCode: number
  /** One sentence for the operator. */
  why: string
  /** What the log says besides: kind, code (such as a SQLSTATE) and place of the underlying error. */
  fields: ReturnType<typeof describeError>
}

/** Why a gateway with a valid configuration did not start. */
export function explainStartFailure(error: unknown): StartFailure {
  const fields = describeError(rootCauseOf(error))
  const failure = (exitCode: number, why: string) => ({ exitCode, why, fields })
  const code = fields.error_code ?? fields.error
  if (error instanceof ResolverSetupError) return failure(EX_CONFIG, `RESOLVER: ${error.message}`)
  if (error instanceof StoreSetupError)
    return failure(error.mayPass ? EX_TEMPFAIL : EX_CONFIG, `${error.variable}: ${error.message}`)
  if (error instanceof StoreError)
    return failure(EX_TEMPFAIL, `DATABASE_URL: the store failed during the start (${code})`)
  switch (code) {
    case 'EADDRINUSE':
      return failure(EX_TEMPFAIL, `PORT: ${portOf(error)} is in use by another process`)
    case 'EAI_AGAIN':
      return failure(EX_TEMPFAIL, 'HOST: its name cannot be looked up at the moment (EAI_AGAIN)')
    case 'EACCES':
    case 'EPERM':
      return failure(EX_CONFIG, `PORT: this user may not listen on ${portOf(error)} (${code})`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAFNOSUPPORT':
      return failure(EX_CONFIG, `HOST: this machine has no such address (${code})`)
    default:
      return failure(EX_BUG, `an unexpected error (${code}); the log line gateway.not_started says where it came from`)
  }
}

function rootCauseOf(error: unknown): unknown {
  let cause = error
  for (let depth = 0; depth < 8 && cause instanceof Error && cause.cause !== undefined; depth += 1) cause = cause.cause
  return cause
}

function portOf(error: unknown): string {
  return error instanceof Error && 'port' in error ? `port ${String(error.port)}` : 'this port'
}
