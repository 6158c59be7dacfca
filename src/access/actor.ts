import type { Response } from 'express'
import type { RequestLog } from '../http/app.ts'
import { callerOf, notAllowed, type Permission } from './authentication.ts'

/** The calling service, what it may do, and the log of its request, which gets a line for each change. */
export type Actor = { caller: string; permissions: ReadonlySet<Permission>; requestLog: RequestLog }

/** Throws on a route without `requireCaller`. */
export function actorOf(response: Response): Actor {
  const { permissions = new Set(), requestLog } = response.locals
  return { caller: callerOf(response), permissions, requestLog }
}

/** @throws Fault `not_allowed` */
export function requireWord({ permissions }: Actor, word: Permission): void {
  if (!permissions.has(word)) throw notAllowed(word)
}

/**
 * Whose messages a request is about: those that it names, or without a name all that the actor may see. Undefined for those of all callers.
 * @throws Fault `not_allowed` when it names another caller without the permission `operate`
 */
export function callerAskedFor(actor: Actor, named: string | undefined): string | undefined {
  if (actor.permissions.has('operate')) return named
  if (named !== undefined && named !== actor.caller) throw notAllowed('operate')
  return actor.caller
}
