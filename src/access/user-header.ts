import type { IncomingMessage } from 'node:http'
import { Fault } from '../base/fault.ts'
import { requiredId } from '../base/fields.ts'
import { isContradictory, valuesOf } from '../http/request.ts'

/** The header in which a caller names the user whose grant is used. */
export const USER_HEADER = 'x-divar-user-id'

const userIdSchema = requiredId(128)

/** @throws Fault `malformed_request` if the header is not one valid id */
export function readUserHeader({ rawHeaders }: IncomingMessage): string | undefined {
  const values = valuesOf(USER_HEADER, rawHeaders)
  const [bytes] = values
  if (bytes === undefined) return undefined
  // Node decodes headers as latin1; in a path, an id is UTF-8.
  const userId = Buffer.from(bytes, 'latin1').toString('utf8')
  if (!isContradictory(values) && userIdSchema.safeParse(userId).success) return userId
  throw new Fault('malformed_request', `${USER_HEADER}: expected one user id of 1 to 128 characters`)
}
