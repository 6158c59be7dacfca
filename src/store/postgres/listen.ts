import { sql, type Kysely } from 'kysely'
import pg from 'pg'
import { describeError, type Logger } from '../../observability/log.ts'
import type { SessionKind } from './driver.ts'
import type { Schema } from '../schema.ts'

const CHANNEL = 'kenar_outbox'
const RECONNECT_MS = 1000
const CONNECT_TIMEOUT_MS = 3000
/** NOTIFY takes a server-wide lock at commit, so it runs in its own transaction and not more often than this. */
const ANNOUNCE_EVERY_MS = 100

/** Tells other gateways on this database that something is queued. A hint only: a missed one is found by the next poll. */
export type QueueSignal = {
  onQueued: (wake: () => void) => void
  announce: () => void
  close: () => Promise<void>
}

export type ListenOptions = { url: string; db: Kysely<Schema>; kind: SessionKind; log: Logger }

export function listenForQueued({ url, db, kind, log }: ListenOptions): QueueSignal {
  const wakes: (() => void)[] = []
  let client: pg.Client | undefined
  let reconnect: NodeJS.Timeout | undefined
  let announcing: NodeJS.Timeout | undefined
  let closed = false

  const connect = () => {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'kenar-chat-gateway listener',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    })
    client = next
    const lost = (error?: unknown) => {
      if (closed || client !== next) return
      client = undefined
      log.warn({ event: 'store.listener_lost', ...(error !== undefined && describeError(error)) })
      reconnect = setTimeout(connect, RECONNECT_MS)
    }
    next.on('error', lost).on('end', lost)
    next.on('notification', () => {
      for (const wake of wakes) wake()
    })
    next
      .connect()
      .then(() => next.query(`listen ${CHANNEL}`))
      .catch(lost)
  }
  // A pooler keeps no session for a client that only listens, so no notification would arrive.
  if (kind === 'own') connect()
  else log.info({ event: 'store.polled', reason: 'a connection pooler does not pass LISTEN on' })

  return {
    onQueued: (wake) => wakes.push(wake),
    announce: () => {
      announcing ??= setTimeout(() => {
        announcing = undefined
        sql
          .raw(`notify ${CHANNEL}`)
          .execute(db)
          .catch((error: unknown) => {
            log.debug({ event: 'store.not_announced', ...describeError(error) })
          })
      }, ANNOUNCE_EVERY_MS)
    },
    close: async () => {
      closed = true
      clearTimeout(reconnect)
      clearTimeout(announcing)
      await client?.end()
    },
  }
}
