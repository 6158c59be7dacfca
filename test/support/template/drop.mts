import { dropDatabase } from '../postgres-server.ts'

/** After all tests. */
export default async function dropTemplate(): Promise<void> {
  const name = process.env['TEST_POSTGRES_TEMPLATE']
  if (name !== undefined) await dropDatabase(name)
}
