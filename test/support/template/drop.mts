import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { dropDatabase } from '../postgres-server.ts'

/** After all tests. */
export default async function dropTemplates(): Promise<void> {
  const { TEST_SQLITE_TEMPLATE: file, TEST_POSTGRES_TEMPLATE: name } = process.env
  if (file !== undefined) await rm(dirname(file), { recursive: true })
  if (name !== undefined) await dropDatabase(name)
}
