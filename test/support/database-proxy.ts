import { connect, createServer, type Socket } from 'node:net'
import { afterAll } from '@jest/globals'
import { originOf } from './listen.ts'

const open = new Set<Socket>()
afterAll(() => {
  for (const socket of open) socket.destroy()
})

/** Where the connection of one transaction is cut. */
type CutAt = 'insert' | 'answer_to_commit'

type DatabaseProxy = {
  url: string
  /** @param text what the transaction has to contain; by default it stores a message */
  cutNext: (at: CutAt, text?: string) => void
  cuts: () => number
  /** From now on nothing passes over the connections that are open; new ones work. */
  stall: () => void
  /** The same, and nothing passes over new connections either until `cutStalled`. */
  stallAll: () => void
  /** Cuts the connections that were stalled. */
  cutStalled: () => void
}

/** A proxy in front of PostgreSQL that can cut a connection at a given point of a transaction. It is closed after the tests of the file. */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl)
  let armed: CutAt | undefined
  let searched = ''
  let cuts = 0
  let stallsNew = false
  const pairs = new Map<() => void, { isStalled: boolean }>()
  const stall = () => {
    for (const pair of pairs.values()) pair.isStalled = true
  }
  const server = createServer((client) => {
    const database = connect(Number(target.port === '' ? 5432 : target.port), target.hostname)
    let isSearched = false
    let dropsAnswer = false
    const pair = { isStalled: stallsNew }
    const end = () => {
      pairs.delete(end)
      client.destroy()
      database.destroy()
    }
    const cut = () => {
      armed = undefined
      cuts += 1
      end()
    }
    pairs.set(end, pair)
    for (const socket of [client, database]) {
      open.add(socket)
      socket.on('error', end).on('close', () => {
        end()
        open.delete(socket)
      })
    }
    client.on('data', (data) => {
      if (pair.isStalled) return
      const text = data.toString('latin1')
      isSearched ||= armed !== undefined && text.includes(searched)
      if (isSearched && armed === 'insert') {
        cut()
        return
      }
      if (text.includes('commit\0')) {
        dropsAnswer = isSearched && armed === 'answer_to_commit'
        isSearched = false
      }
      database.write(data)
    })
    database.on('data', (data) => {
      if (pair.isStalled) return
      if (dropsAnswer) cut()
      else client.write(data)
    })
  })
  const { port } = new URL(await originOf(server))
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = port
  return {
    url: url.href,
    cutNext: (at, text = 'insert into "message"') => {
      armed = at
      searched = text
    },
    cuts: () => cuts,
    stall,
    stallAll: () => {
      stallsNew = true
      stall()
    },
    cutStalled: () => {
      stallsNew = false
      for (const [end, pair] of pairs) if (pair.isStalled) end()
    },
  }
}
