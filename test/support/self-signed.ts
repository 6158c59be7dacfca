import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { newFolder } from './databases.ts'
import { originOf } from './listen.ts'
import { hasProgram } from './programs.ts'

export const hasOpenssl = await hasProgram('openssl', 'its tests are left out')

export type Certificate = { key: Buffer; cert: Buffer; keyFile: string; certFile: string }

/** A certificate for a name such as `/CN=localhost`, signed by itself or, then for the host `localhost`, by an authority. */
export async function newCertificate(subject: string, authority?: Certificate): Promise<Certificate> {
  const folder = await newFolder()
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const files = ['-keyout', keyFile, '-out', certFile]
  const signer =
    authority === undefined
      ? []
      : ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-addext', 'subjectAltName=DNS:localhost']
  await promisify(execFile)('openssl', ['req', ...options, ...files, '-subj', subject, ...signer])
  return { key: await readFile(keyFile), cert: await readFile(certFile), keyFile, certFile }
}

/** An https address on `localhost` for a server that speaks http on this port. It is closed after the tests of the file. */
export async function startTlsProxy(port: number): Promise<string> {
  const { key, cert } = await newCertificate('/CN=localhost')
  const proxy = createServer({ key, cert }, (client) => {
    const server = connect(port, '127.0.0.1')
    const end = () => {
      client.destroy()
      server.destroy()
    }
    client.on('error', end).on('close', end).pipe(server).on('error', end).on('close', end).pipe(client)
  })
  return `https://localhost:${new URL(await originOf(proxy)).port}`
}
