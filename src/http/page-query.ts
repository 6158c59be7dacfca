import type { IncomingMessage } from 'node:http'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { readCursor, readQuery } from './request.ts'

export const DEFAULT_PAGE = 50
export const MAX_PAGE = 200

/** The query parameter `cursor` of a list. */
export const cursorParameter = z
  .string()
  .transform(readCursor)
  .refine((cursor) => cursor !== undefined, { error: 'expected a next_cursor of an earlier page' })
  .optional()

/** The query parameter `limit` of a list: 1 to 200, by default 50. */
export const limitParameter = z
  .string()
  .regex(/^\d{1,3}$/, { error: `expected 1 to ${MAX_PAGE}` })
  .transform(Number)
  .refine((limit) => limit >= 1 && limit <= MAX_PAGE, { error: `expected 1 to ${MAX_PAGE}` })
  .default(DEFAULT_PAGE)

/**
 * Reads the query of a list.
 * @throws Fault `malformed_request` with every error
 */
export function readFilter<Filter extends z.ZodObject>(request: IncomingMessage, schema: Filter): z.infer<Filter> {
  const filter = schema.safeParse(readQuery(request, Object.keys(schema.shape)))
  if (filter.success) return filter.data
  const errors = filter.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Fault('malformed_request', errors.join('; '))
}
