import { afterAll } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { originOf } from './listen.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

/** Writes a resolver to a file of its own, as an operator would mount one. */
export async function resolverFile(code: string, name = 'resolver.mjs'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'resolver-'))
  folders.push(folder)
  const file = join(folder, name)
  await writeFile(file, code)
  return file
}

/** A service of the operator's on loopback; its URL. It is stopped after the tests of the file. */
export async function startService(listener: RequestListener): Promise<string> {
  return `${await originOf(createServer(listener))}/resolve`
}

/** A service that keeps its answer until the test lets it go; `asked` resolves with its first request. */
export async function startHeldService(
  answer: string,
): Promise<{ url: string; asked: Promise<void>; letGo: () => void }> {
  const asked = Promise.withResolvers<undefined>()
  const released = Promise.withResolvers<undefined>()
  const url = await startService((request, response) => {
    request.resume().on('end', () => {
      asked.resolve(undefined)
      void released.promise.then(() => response.end(answer))
    })
  })
  return {
    url,
    asked: asked.promise,
    letGo: () => {
      released.resolve(undefined)
    },
  }
}
