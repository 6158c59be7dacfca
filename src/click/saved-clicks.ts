import type { Keyring } from '../base/keyring.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { ClickStore } from '../store/consent-store.ts'

/** How long a click can be asked for. */
const KEEP_MS = 15 * 60 * 1000

const placeOf = (id: string) => `click/${id}/content`

/** Clicks behind the opaque ids that landings name, so that no personal data travels in a URL. */
export type SavedClicks = ReturnType<typeof createSavedClicks>

export function createSavedClicks(store: ClickStore, keyring: Keyring) {
  return {
    /** @param click as its JSON, which holds its id */
    keep: (id: string, click: JsonObject): Promise<void> =>
      store.keepClick(id, keyring.seal(JSON.stringify(click), placeOf(id)), KEEP_MS),
    /** @throws SealError */
    find: async (id: string): Promise<JsonObject | undefined> => {
      const sealed = await store.findClick(id)
      if (sealed === undefined) return undefined
      const click: unknown = JSON.parse(keyring.open(sealed, placeOf(id)))
      return isJsonObject(click) ? click : undefined
    },
  }
}
