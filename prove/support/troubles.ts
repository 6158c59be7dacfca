import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { request } from 'undici'
import type { Cluster } from './cluster.ts'
import { runOnPostgres } from './databases.ts'
import type { FakeClock } from './fake-clock.ts'
import type { SmallDisk } from './small-disk.ts'

/** A fault that lasts for some time. */
export type Trouble = {
  name: string
  begin: () => Promise<unknown>
  end: () => Promise<unknown>
  /** Whether the gateway sees the fault, asked just before its end. A fault without effect would prove nothing. */
  isPresent: (gateway: ObservedGateway) => Promise<boolean>
}

type ObservedGateway = {
  url: string
  /** Sends that it refused since the fault began. */
  refused: number
}

export function fullDisk(name: string, disk: SmallDisk): Trouble {
  const isPresent = () =>
    writeFile(join(disk.folder, 'probe'), 'x').then(
      () => false,
      () => true,
    )
  return { name, begin: disk.fill, end: disk.free, isPresent }
}

const HALF_A_DAY_MS = 12 * 3600 * 1000

export function wrongClock(clock: FakeClock): Trouble {
  return {
    name: 'clock a day ahead',
    begin: () => clock.move('+1d'),
    end: () => clock.move('+0'),
    isPresent: async ({ url }) => {
      const { headers, body } = await request(`${url}/healthz`)
      await body.dump()
      return Date.parse(String(headers['date'])) - Date.now() > HALF_A_DAY_MS
    },
  }
}

function refusesSends({ refused }: ObservedGateway): Promise<boolean> {
  return Promise.resolve(refused > 0)
}

/** Divar answers nothing but 503, with a long `Retry-After`. */
export function failingPlatform(platform: { isFailing: boolean; failures: number }): Trouble {
  const set = (isFailing: boolean) => {
    platform.isFailing = isFailing
    return Promise.resolve()
  }
  return {
    name: 'Divar answers only 503',
    begin: () => set(true),
    end: () => set(false),
    isPresent: () => Promise.resolve(platform.failures > 0),
  }
}

export function serverGone(cluster: Cluster): Trouble {
  return { name: 'PostgreSQL gone', begin: cluster.kill, end: cluster.start, isPresent: refusesSends }
}

/** As after a failover to a replica that is not promoted yet. Sessions from that time stay read-only until they are closed. */
export function readOnlyServer({ url }: Cluster): Trouble {
  const administrate = (statement: string) => runOnPostgres(url, statement, '-c default_transaction_read_only=off')
  return {
    name: 'PostgreSQL read-only',
    begin: async () => {
      await administrate('alter database postgres set default_transaction_read_only = on')
      await administrate('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()')
    },
    end: () => administrate('alter database postgres reset default_transaction_read_only'),
    isPresent: refusesSends,
  }
}
