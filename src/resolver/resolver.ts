import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import type { Click } from '../click/click.ts'
import type { RequestedScope } from '../scope/scope.ts'

/** A resolver's answer: the URL that the user opens next, and options. */
export type Landing = {
  /** https, or http to loopback; checked before it is answered. */
  url: string
  /** Replaces `success` in the answer. */
  message?: string
  /** What the user must have consented to before landing. */
  scopes?: readonly RequestedScope[]
  /** The URL for a user who denies consent. */
  onDenied?: string
}

/** A landing as read from an answer; its scopes are checked against the click later. */
export type LandingRead = Omit<Landing, 'scopes'> & { scopes?: string[] }

/** The second argument of a resolver. */
export type ResolverContext = {
  /** Aborted when the resolver's timeout has passed: nothing waits for its answer any more. */
  signal: AbortSignal
  /** Writes to the gateway's log, with the ids of the request and the click. */
  log: Logger
}

/** The context of the built-in resolvers. Its signal is `controller.signal`, which is created when it is first read. */
export type CallContext = Omit<ResolverContext, 'signal'> & {
  controller: AbortController
  requestId: string
  trace: Trace
}

/** The plug-in point: turns a Click into a Landing. */
export type Resolver = (click: Click, context: ResolverContext) => Promise<Landing> | Landing

/** The members of an answer that the gateway does not read. */
export type UnknownMembers<Answer, Known> = Answer extends unknown ? Exclude<keyof Answer, keyof Known> : never

/**
 * Gives a resolver its types: `click` and `context` need no annotation, and unknown members of a Landing or unknown scopes are compiler errors. At run
 * time it returns its argument.
 */
export function defineResolver<const Answer extends Landing>(
  resolver: ((click: Click, context: ResolverContext) => Promise<Answer> | Answer) &
    ([UnknownMembers<Answer, Landing>] extends [never] ? unknown : { unknownMember: UnknownMembers<Answer, Landing> }),
): Resolver {
  return resolver
}

/** The configured resolver with its settings. */
export type ResolverChoice =
  | { kind: 'template'; template: string; scopes?: readonly string[] | undefined; hasStore: boolean }
  | { kind: 'module'; file: string }
  | { kind: 'forward'; url: URL; secret: string }

/** A function of the operator's, whose answer is untrusted until it is checked. */
export type Unchecked<Asked> = (asked: Asked, context: CallContext) => unknown

export type UncheckedResolver = Unchecked<Click>

/** The operator's function gave no usable answer. `reason` goes to the operator's log and never contains a value of the click. */
export class ResolverError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause })
    this.name = 'ResolverError'
  }
}

/** The resolver cannot be set up; the start stops with this message. */
export class ResolverSetupError extends Error {
  override name = 'ResolverSetupError'
}
