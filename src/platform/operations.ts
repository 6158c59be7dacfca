import * as z from 'zod'
import type { Permission } from '../access/authentication.ts'
import PUBLISHED from './operations.json' with { type: 'json' }

const operationSchema = z.object({
  name: z.string(),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  /** With its parameters in braces. */
  path: z.string(),
  /** Scopes that allow it, the narrowest first; one is enough, and none means that no user is involved. `{token}` is that path parameter's value. */
  scopes: z.array(z.string()),
  /** The path parameter that names the user. */
  user: z.string().optional(),
  /** Whether Divar requires a body. */
  body: z.boolean(),
  /** The answer says who a user is, so that the caller needs the permission `users`, too. */
  aboutUsers: z.literal(true).optional(),
})

/** A call of Divar's API that the gateway makes for its callers. */
export type Operation = z.infer<typeof operationSchema>

/** Made by `scripts/platform/write.ts` from the document that Divar publishes. */
export const OPERATIONS: readonly Operation[] = z.array(operationSchema).parse(PUBLISHED)

/** The permissions that a caller needs, all of them. */
export function permissionsFor({ aboutUsers }: Operation): readonly Permission[] {
  return aboutUsers ? ['platform', 'users'] : ['platform']
}
