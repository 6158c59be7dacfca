import type { Keyring } from '../base/keyring.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { ClickStore } from '../store/consent-store.ts'

/** How long a saved click can be read. */
const SAVED_MS = 15 * 60 * 1000

const contentPlace = (id: string) => `click/${id}/content`

/** Clicks stored under the opaque ids that landings carry, so that no personal data is in a URL. */
export type SavedClicks = ReturnType<typeof createSavedClicks>

export function createSavedClicks(store: ClickStore, keyring: Keyring) {
  return {
    /** @param click as JSON, with its id */
    save: (id: string, click: JsonObject): Promise<void> =>
      store.saveClick(id, keyring.seal(JSON.stringify(click), contentPlace(id)), SAVED_MS),
    /** @throws StoreError, SealError */
    find: async (id: string): Promise<JsonObject | undefined> => {
      const sealed = await store.findClick(id)
      if (sealed === undefined) return undefined
      const click: unknown = JSON.parse(keyring.open(sealed, contentPlace(id)))
      return isJsonObject(click) ? click : undefined
    },
  }
}
