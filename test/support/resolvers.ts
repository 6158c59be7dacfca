import { afterAll } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

const running: Server[] = []
afterAll(() => {
  for (const server of running) server.close().closeAllConnections()
})

/** A service of the operator's on loopback; its URL. Nobody has to stop it. */
export async function startService(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  running.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}/resolve`
}
