import pg from 'pg'

/** Another server for these tests: TEST_POSTGRES_URL=postgres://user:password@host:port/database */
export const SERVER = process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

/** Runs one statement on a server over its own connection. */
export async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values)
    return rows
  } finally {
    await client.end()
  }
}

export async function answers(): Promise<boolean> {
  try {
    await query(SERVER, 'select 1')
    return true
  } catch {
    return false
  }
}

/** Creates an empty database, or a copy of one that nobody is connected to; its DATABASE_URL. */
export async function createDatabase(name: string, template?: string): Promise<string> {
  await query(SERVER, `create database ${name}${template === undefined ? '' : ` template ${template}`}`)
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return url.href
}

export async function dropDatabase(name: string): Promise<void> {
  await query(SERVER, `drop database if exists ${name} with (force)`)
}
