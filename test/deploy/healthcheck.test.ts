import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { environment } from '../support/gateway.ts'
import { spawnGateway } from '../support/process.ts'

const CHECK = fileURLToPath(new URL('../../scripts/image/healthcheck.js', import.meta.url))

async function check(env: NodeJS.ProcessEnv): Promise<number | null> {
  const child = spawn(process.execPath, [CHECK], { env, stdio: 'inherit' })
  await once(child, 'exit')
  return child.exitCode
}

test.each(['', '0.0.0.0', '127.0.0.1', '127.0.0.2', ' 127.0.0.2 ', '::', '::1', 'localhost'])(
  'the health check asks the address where the gateway listens: HOST=%j',
  async (HOST) => {
    const gateway = spawnGateway({ ...environment(), HOST })
    const PORT = String(await gateway.started)
    expect(await check({ HOST, PORT })).toBe(0)
    gateway.kill('SIGTERM')
    expect(await gateway.exited).toBe(0)
    expect(await check({ HOST, PORT })).toBe(1)
  },
)
