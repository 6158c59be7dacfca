import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { originOf } from '../support/listen.ts'
import { hasOpenssl, newCertificate } from '../support/self-signed.ts'
import { openAt } from '../support/stores.ts'

const withOpenssl = hasOpenssl ? describe : describe.skip

/** A server that agrees to TLS as PostgreSQL does, and then has only this certificate to show. */
async function startTlsServer(subject: string): Promise<string> {
  const { key, cert, certFile } = await newCertificate(subject)
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write('S')
      new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => undefined)
    })
  })
  const { port } = new URL(await originOf(server))
  return `postgres://user@127.0.0.1:${port}/db?sslmode=verify-full&sslrootcert=${certFile}`
}

withOpenssl('PostgreSQL whose certificate does not verify', () => {
  test.each([
    [
      'is self-signed',
      (url: string) => url.replace(/&sslrootcert=.*/, ''),
      /self-signed.*\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
    ],
    ['is for another name', (url: string) => url, /another host name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/],
  ])('is not opened, with a permanent error in one sentence, when it %s', async (_, spoil, message) => {
    const url = spoil(await startTlsServer('/CN=other.example'))
    await expect(openAt(url)).rejects.toMatchObject({
      name: 'StoreSetupError',
      message: expect.stringMatching(message),
      isTemporary: false,
    })
  })
})

test.each(['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'])(
  'with sslmode=%s nothing is printed on standard error',
  async (mode) => {
    const { host } = new URL(await originOf(createServer((socket) => socket.destroy())))
    const program = `
      import { openStore } from '${new URL('../../src/store/open.ts', import.meta.url).href}'
      const url = 'postgres://user@${host}/db?sslmode=${mode}'
      await openStore({ kind: 'postgres', url }, console).catch(({ name }) => console.log(name))`
    const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
    expect(ended).toEqual({ stdout: 'StoreSetupError\n', stderr: '' })
  },
)
