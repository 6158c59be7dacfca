import { randomBytes } from 'node:crypto'
import { createLogger } from '../../../src/observability/log.ts'
import { openStore } from '../../../src/store/open.ts'
import { answers, createDatabase } from '../postgres-server.ts'

/** Before all tests: a PostgreSQL database with the gateway's schema. A copy costs half of what its migrations cost. */
export default async function createTemplate(): Promise<void> {
  if (!(await answers())) return
  const name = `gateway_template_${randomBytes(8).toString('hex')}`
  const store = await openStore({ kind: 'postgres', url: await createDatabase(name) }, createLogger('silent'))
  await store.close()
  process.env['TEST_POSTGRES_TEMPLATE'] = name
}
