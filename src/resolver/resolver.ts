import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import type { Click } from '../click/click.ts'
import type { RequestedScope } from '../scope/requested-scopes.ts'

/** The URL that the user opens next, and what else a resolver may say. */
export type Landing = {
  /** https, or http to loopback; checked before it is answered. */
  url: string
  /** Stands in the answer in place of `success`. */
  message?: string
  /** What the user must have consented to before landing. */
  scopes?: readonly RequestedScope[]
  /** Where a user goes who refuses the consent. */
  onDenied?: string
}

/** A landing as it was read from an answer; its scopes are checked against the click once they are needed. */
export type LandingRead = Omit<Landing, 'scopes'> & { scopes?: string[] }

/** What a resolver may use. */
export type ResolverContext = {
  /** Aborted when the deadline passes; whoever listens saves work that nobody waits for. */
  signal: AbortSignal
  /** Writes into the gateway's log, with the ids of the request and the click. */
  log: Logger
}

/** What the gateway's own resolvers get besides. */
export type CallContext = ResolverContext & { requestId: string; trace: Trace }

/** The plug-in point: turns a Click into a Landing. */
export type Resolver = (click: Click, context: ResolverContext) => Promise<Landing> | Landing

type UnknownMembers<Answer> = Answer extends unknown ? Exclude<keyof Answer, keyof Landing> : never

/**
 * Gives a resolver its types: `click` and `context` need no annotation, and a member that a Landing does not have, or a scope that there
 * is not, is an error of the compiler. At run time it is the function that came.
 */
export function defineResolver<const Answer extends Landing>(
  resolver: ((click: Click, context: ResolverContext) => Promise<Answer> | Answer) &
    ([UnknownMembers<Answer>] extends [never] ? unknown : { unknownMember: UnknownMembers<Answer> }),
): Resolver {
  return resolver
}

/** A resolver as it is run: somebody else's code or service answers, and nothing is believed until `checkLanding` saw it. */
export type UncheckedResolver = (click: Click, context: CallContext) => unknown

/**
 * A resolver that gave no usable landing. `reason` is for the operator's log: our own words, never a value of the click's.
 */
export class ResolverError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause })
    this.name = 'ResolverError'
  }
}

/** A resolver that cannot be set up; the start stops with this text. */
export class ResolverSetupError extends Error {
  override name = 'ResolverSetupError'
}
