import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../../../src/observability/log.ts'
import { openStore, type DatabaseAddress } from '../../../src/store/open.ts'
import { answers, createDatabase } from '../postgres-server.ts'

/** Before all tests: a database of each kind with the gateway's schema. A copy costs much less than its migrations. */
export default async function createTemplates(): Promise<void> {
  const file = join(await mkdtemp(join(tmpdir(), 'store-template-')), 'gateway.db')
  await writeSchema({ kind: 'sqlite', file })
  process.env['TEST_SQLITE_TEMPLATE'] = file
  if (!(await answers())) return
  const name = `gateway_template_${randomBytes(8).toString('hex')}`
  await writeSchema({ kind: 'postgres', url: await createDatabase(name) })
  process.env['TEST_POSTGRES_TEMPLATE'] = name
}

async function writeSchema(address: DatabaseAddress): Promise<void> {
  const store = await openStore(address, createLogger('silent'))
  await store.close()
}
