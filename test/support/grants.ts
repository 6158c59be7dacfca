import { newId } from '../../src/base/id.ts'
import type { GrantName, GrantStore, NewGrant, StoredGrant } from '../../src/store/consent-store.ts'
import { MINUTE_MS, sealed } from './stores.ts'

/** The name of a text under these keys, the newest first. The store computes no MAC itself, so any text will do. */
export function nameOf(
  kind: GrantName['kind'],
  text: string,
  [newest, ...others]: readonly [string, ...string[]] = ['key-1'],
): GrantName {
  const mac = (keyId: string) => `${keyId}.${kind} ${text}`
  return { kind, macs: [mac(newest), ...others.map(mac)] }
}

/** A grant with names of its own, unless `more` says otherwise. */
export function newGrant(more: Partial<NewGrant> = {}): NewGrant {
  const id = newId('grt')
  return {
    id,
    content: sealed(`pair of ${id}`),
    names: [nameOf('scope', id)],
    accessMs: 60 * MINUTE_MS,
    refreshMs: 24 * 60 * MINUTE_MS,
    ...more,
  }
}

/** Adds a grant and returns it as stored. */
export async function addGrant(store: GrantStore, more: Partial<NewGrant> = {}): Promise<StoredGrant> {
  const grant = newGrant(more)
  await store.addGrant(grant)
  return foundGrant(store, grant.id)
}

export async function foundGrant(store: GrantStore, id: string): Promise<StoredGrant> {
  const grant = await store.findGrant(id)
  if (grant === undefined) throw new Error(`${id} is not there`)
  return grant
}
