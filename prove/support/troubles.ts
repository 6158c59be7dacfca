import type { Cluster } from './cluster.ts'
import { runOnPostgres } from './databases.ts'
import type { FakeClock } from './fake-clock.ts'
import type { SmallDisk } from './small-disk.ts'

/** Something that happens to a gateway, and passes. */
export type Trouble = { name: string; begin: () => Promise<unknown>; end: () => Promise<unknown> }

export function fullDisk(name: string, disk: SmallDisk): Trouble {
  return { name, begin: disk.fill, end: disk.free }
}

export function wrongClock(clock: FakeClock): Trouble {
  return { name: 'clock a day ahead', begin: () => clock.move('+1d'), end: () => clock.move('+0') }
}

/** Divar answers nothing but 503, and asks to be left alone for long. */
export function failingPlatform(platform: { isFailing: boolean }): Trouble {
  const set = (isFailing: boolean) => {
    platform.isFailing = isFailing
    return Promise.resolve()
  }
  return { name: 'Divar answers only 503', begin: () => set(true), end: () => set(false) }
}

export function serverGone(cluster: Cluster): Trouble {
  return { name: 'PostgreSQL gone', begin: cluster.kill, end: cluster.start }
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
  }
}
