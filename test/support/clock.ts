import type { Store } from '../../src/store/store.ts'

/** As maintenance does while it trusts the database's clock. */
export async function trustClock(store: Pick<Store, 'readClock' | 'confirmClock'>): Promise<void> {
  const { nowMs } = await store.readClock()
  await store.confirmClock(nowMs)
}
