import { SealError } from '../base/keyring.ts'
import type { Credential } from '../divar/deliver.ts'
import type { Message } from '../message/message.ts'
import type { Logger } from '../observability/log.ts'
import type { ErasureStore } from '../store/erasure-store.ts'
import { subjectOf, type FlowSubject } from './authorization-flow.ts'
import { coveringScopes, narrowest, openOrLog, type Grant, type GrantCodec } from './grant.ts'
import type { Keyring } from '../base/keyring.ts'

const BATCH = 100
const NONE: ReadonlySet<string> = new Set()

type EraseConsentOptions = {
  store: Pick<ErasureStore, 'endGrants' | 'deleteEndedGrants' | 'findConsents' | 'deleteConsents'>
  codec: GrantCodec
  keyring: Keyring
  log: Logger
}

/** `count`: those that this call ended. The others were ended before, by a call that did not finish. `opened`: those that could be opened. */
type EndedGrants = { count: number; ids: string[]; opened: Grant[] }

export type EraseConsent = ReturnType<typeof createEraseConsent>

/** Ends the grants and the authorization flows of a user. */
export function createEraseConsent({ store, codec, keyring, log }: EraseConsentOptions) {
  return {
    /** Ends the user's grants, which are kept until `deleteGrants`, so that a repeat can find their messages. */
    endGrants: async (userId: string): Promise<EndedGrants> => {
      const ended: EndedGrants = { count: 0, ids: [], opened: [] }
      for (let after = 0; ;) {
        const batch = await store.endGrants(codec.names.user(userId), after, BATCH)
        ended.count += batch.filter(({ isEndedNow }) => isEndedNow).length
        ended.ids.push(...batch.map(({ id }) => id))
        ended.opened.push(...batch.flatMap((grant) => openOrLog(codec, grant, log) ?? []))
        if (batch.length < BATCH) return ended
        after = batch.at(-1)?.seq ?? after
      }
    },

    /** Deletes grants that were ended. */
    deleteGrants: async (ids: readonly string[]): Promise<void> => {
      for (let at = 0; at < ids.length; at += BATCH) await store.deleteEndedGrants(ids.slice(at, at + BATCH))
    },

    /** Ends one batch of the user's open flows. `next`: where to read on; undefined at the end. */
    eraseFlows: async (userId: string, afterId: string) => {
      const found = await store.findConsents(afterId, BATCH)
      let unreadable = 0
      const own = found.filter(({ id, content }) => {
        try {
          return isOf(subjectOf(keyring, id, content), userId)
        } catch (error) {
          if (!(error instanceof SealError)) throw error
          unreadable += 1
          return false
        }
      })
      const deleted = await store.deleteConsents(own.map(({ id }) => id))
      return { deleted, unreadable, next: found.length < BATCH ? undefined : found.at(-1)?.id }
    },
  }
}

function isOf({ userId, triple, clickUserId }: FlowSubject, erased: string): boolean {
  return [userId, triple?.userId, clickUserId].includes(erased)
}

/**
 * Whether a stored message goes in this user's name: by the user that it names, by a token of the user's, or where it names none by one of the
 * user's grants.
 * @param grants the user's
 */
export function sendsInNameOf(userId: string, grants: readonly Grant[]) {
  const tokens = new Set(grants.flatMap(({ accessToken, previousAccessToken }) => [accessToken, previousAccessToken]))
  return ({ address }: Message, credential: Credential): boolean => {
    if ('userId' in address) return address.userId === userId
    if (credential.kind === 'token') return credential.userId === userId || tokens.has(credential.userToken)
    // The app's bot writes in its own name.
    if (credential.kind === 'app') return false
    const { sender } = credential
    if (sender.userId !== undefined) return sender.userId === userId
    return narrowest(grants, coveringScopes(address, sender), NONE) !== undefined
  }
}
