import { randomBytes } from 'node:crypto'
import type { Client } from './client.ts'
import type { Database } from './databases.ts'
import { environment } from './environment.ts'
import { spawnGateway } from './gateway.ts'
import { Ledger } from './ledger.ts'
import { acceptAfter, startPlatform } from './platform.ts'
import type { Suite } from './suite.ts'

export type Version = 'former' | 'latest'
export const VERSIONS = ['former', 'latest'] as const

/** So few that work piles up, and either version finds some of the other's. */
const PLACES = 4

/** Both versions have consent set up, as a company that upgrades has. */
export const CONSENT = {
  PUBLIC_URL: 'http://127.0.0.1:9',
  DIVAR_APP_SLUG: 'prove',
  DIVAR_CLIENT_SECRET: 'prove-client-secret',
}

export type Running = { version: Version; url: string; client: Client; stop: () => Promise<void> }

/** Gateways of two versions on one database, each with a platform of its own, so that it is seen who delivered what. */
export type Versions = {
  ledger: Ledger
  /** Started and ready, and sent to from then on. */
  start: (version: Version) => Promise<Running>
  /** Of those that run. */
  clients: () => Client[]
  /** How many messages this version accepted and the other one delivered. */
  handedOver: (by: Version) => number
  /** Log lines of level error or fatal, of all of them. */
  errors: () => number
  key: string
}

export async function twoVersions(suite: Suite, database: Database, formerMain: string): Promise<Versions> {
  const { random } = suite
  const ledger = new Ledger()
  const accepted = new Map<number, Version>()
  const delivered = new Map<number, Version>()
  const platformOf = (version: Version) =>
    startPlatform(suite, ledger, (serial) => {
      delivered.set(serial, version)
      return acceptAfter(random.integer(5, 40))
    })
  const platforms = { former: await platformOf('former'), latest: await platformOf('latest') }
  const running = new Set<Running>()
  const counts: (() => number)[] = []
  const key = randomBytes(32).toString('base64')

  const start = async (version: Version): Promise<Running> => {
    const variables = environment(platforms[version], database.url, {
      TOKEN_ENCRYPTION_KEY: key,
      OUTBOX_CONCURRENCY: String(PLACES),
      ...CONSENT,
    })
    const gateway = spawnGateway(suite, variables, version === 'former' ? { main: formerMain } : {})
    counts.push(gateway.errors)
    const { url, client } = await gateway.ready
    const one: Running = {
      version,
      url,
      client: noting(client, (serial) => accepted.set(serial, version)),
      stop: async () => {
        running.delete(one)
        await gateway.stop()
      },
    }
    running.add(one)
    return one
  }
  return {
    ledger,
    start,
    clients: () => [...running].map(({ client }) => client),
    handedOver: (by) =>
      [...accepted].filter(([serial, version]) => version === by && (delivered.get(serial) ?? by) !== by).length,
    errors: () => counts.reduce((sum, count) => sum + count(), 0),
    key,
  }
}

/** A client that records which messages this gateway accepted. */
function noting(client: Client, note: (serial: number) => void): Client {
  return {
    ...client,
    send: async (draft) => {
      const sent = await client.send(draft)
      if (sent.kind === 'accepted') note(Number(/^#(\d+) /.exec(draft.text)?.[1]))
      return sent
    },
  }
}
