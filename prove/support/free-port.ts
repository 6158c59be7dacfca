import { randomInt } from 'node:crypto'
import { areFree } from '../../src/dev/ports.ts'

/** Below the ephemeral ports: the system gives none of these to another process by chance. */
const FIRST = 15_000
const COUNT = 15_000

let next = randomInt(COUNT)

/** For a port that must be known before anything listens on it. If another process takes it meanwhile, the start fails with an error. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    const port = FIRST + (next % COUNT)
    next += 1
    if (await areFree([port], '127.0.0.1')) return port
  }
  throw new Error('no port is free')
}
