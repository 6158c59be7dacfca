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
  store: Pick<ErasureStore, 'takeGrants' | 'findConsents' | 'deleteConsents'>
  codec: GrantCodec
  keyring: Keyring
  log: Logger
}

export type EraseConsent = ReturnType<typeof createEraseConsent>

/** Ends the grants and the authorization flows of a user. */
export function createEraseConsent({ store, codec, keyring, log }: EraseConsentOptions) {
  return {
    /** Deletes the user's grants. `opened` are those that could be opened. */
    eraseGrants: async (userId: string): Promise<{ deleted: number; opened: Grant[] }> => {
      const opened: Grant[] = []
      let deleted = 0
      for (;;) {
        const taken = await store.takeGrants(codec.names.user(userId), BATCH)
        deleted += taken.length
        opened.push(...taken.flatMap((grant) => openOrLog(codec, grant, log) ?? []))
        if (taken.length < BATCH) return { deleted, opened }
      }
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
 * Whether a stored message goes in this user's name: by the user that it names, or where it names none by one of the user's grants.
 * @param grants the user's
 */
export function sendsInNameOf(userId: string, grants: readonly Grant[]) {
  const tokens = new Set(grants.flatMap(({ accessToken, previousAccessToken }) => [accessToken, previousAccessToken]))
  return ({ address }: Message, credential: Credential): boolean => {
    if ('userId' in address) return address.userId === userId
    if (credential.kind === 'token') return tokens.has(credential.userToken)
    // The app's bot writes in its own name.
    if (credential.kind === 'app') return false
    const { sender } = credential
    if (sender.userId !== undefined) return sender.userId === userId
    return narrowest(grants, coveringScopes(address, sender), NONE) !== undefined
  }
}
