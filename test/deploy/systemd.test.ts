import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { configOf, filledIn, readText, variablesOf } from '../support/deploy.ts'

const unit = readText('deploy/systemd/kenar-chat-gateway.service')
const settings = variablesOf(unit, /^([A-Za-z]+)=(.*)$/gm)
const environment = filledIn({
  ...variablesOf(unit, /^Environment=([A-Z_]+)=(.*)$/gm),
  ...variablesOf(readText('.env.example')),
})

describe('the systemd unit', () => {
  test('with a filled-in environment is a configuration that starts, with SQLite and backups in writable folders', () => {
    const { store, host, internalPort } = configOf(environment, ['NODE_ENV'])
    const folder = '/var/lib/kenar-chat-gateway'
    expect(store?.database).toEqual({ kind: 'sqlite', file: `${folder}/gateway.db` })
    expect(environment['BACKUP_DIR']).toBe(`${folder}/backups`)
    expect(settings['StateDirectory']).toBe('kenar-chat-gateway kenar-chat-gateway/backups')
    expect([host, internalPort]).toEqual(['127.0.0.1', 3001])
  })

  test('starts the program that the build creates', () => {
    const { scripts } = z
      .object({ scripts: z.object({ start: z.string() }) })
      .parse(JSON.parse(readText('package.json')))
    expect(settings['ExecStart']).toBe('/usr/bin/node --max-semi-space-size=16 /opt/kenar-chat-gateway/dist/main.js')
    expect(scripts.start).toBe('node --max-semi-space-size=16 dist/main.js')
  })

  test('waits longer on SIGTERM than the gateway does, so that running work finishes', () => {
    expect(settings).toMatchObject({ KillSignal: 'SIGTERM', KillMode: 'mixed' })
    const { shutdownGraceMs } = configOf(environment, ['NODE_ENV'])
    expect(Number(settings['TimeoutStopSec']) * 1000).toBeGreaterThan(shutdownGraceMs + 5000)
  })

  test('restarts after a crash or a missing database, but not after a bad configuration', () => {
    // 78 and 75: test/app/start-and-stop.test.ts.
    expect(settings).toMatchObject({ Restart: 'on-failure', RestartPreventExitStatus: '78' })
  })

  test('grants no privileges and write access to its two folders only', () => {
    expect(settings).toMatchObject({
      DynamicUser: 'yes',
      NoNewPrivileges: 'yes',
      ProtectSystem: 'strict',
      ProtectHome: 'yes',
      PrivateTmp: 'yes',
      PrivateDevices: 'yes',
      CapabilityBoundingSet: '',
      AmbientCapabilities: '',
      UMask: '0077',
    })
    expect(unit).not.toContain('ReadWritePaths')
    expect(unit).toContain('EnvironmentFile=/etc/kenar-chat-gateway/environment')
  })
})
