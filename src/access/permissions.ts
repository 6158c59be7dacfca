import type { RequestHandler, Response } from 'express'
import { Fault } from '../base/fault.ts'

/** What a caller may do. `CALLER_PERMISSIONS` assigns these words. */
export const PERMISSIONS = ['send', 'consents', 'users', 'clicks', 'platform', 'operate'] as const
export type Permission = (typeof PERMISSIONS)[number]

/** Those of every caller while `CALLER_PERMISSIONS` is not set. */
export const DEFAULT_PERMISSIONS: ReadonlySet<Permission> = new Set(['send', 'consents', 'users', 'clicks'])

/**
 * Refuses callers that have none of `words`, which are one word for most routes. It comes after `requireCaller` and before the body is read.
 * @throws Fault `not_allowed`, which names the first word
 */
export function requirePermission(...words: readonly [Permission, ...Permission[]]): RequestHandler {
  return (_request, response, next) => {
    if (!words.some((word) => isAllowed(response, word))) throw notAllowed(words[0])
    next()
  }
}

/** Whether the calling service has this permission. Throws on a route without `requireCaller`. */
export function isAllowed({ locals: { permissions } }: Response, word: Permission): boolean {
  if (permissions === undefined) throw new Error('expected a route behind requireCaller')
  return permissions.has(word)
}

function notAllowed(word: Permission): Fault {
  return new Fault('not_allowed', `This caller does not have the permission ${word}; CALLER_PERMISSIONS grants it.`, {
    members: { permission: word },
  })
}
