import { createLogger } from '../../src/observability/log.ts'
import { openStore } from '../../src/store/open.ts'
import type { NewMessage, Store } from '../../src/store/store.ts'
import type { Database } from './databases.ts'
import type { Suite } from './suite.ts'

/** The store itself, without a gateway around it: the one place here that knows how it is opened. */
export async function openOwnStore(suite: Suite, { kind, url }: Database): Promise<Store> {
  const address = kind === 'sqlite' ? { kind, file: url.replace(/^file:/, '') } : { kind, url }
  const store = await openStore(address, createLogger('warn', { write: (line) => process.stderr.write(line) }))
  suite.atEnd(() => store.close())
  return store
}

/** As long as the sealed body of a short message with a button. */
export const BODY_BYTES = 512

/** A message as a gateway would store it; its encrypted body is never decrypted here. */
export function newMessage(id: string, conversation: string, body: Uint8Array): NewMessage {
  return {
    id,
    caller: 'orders',
    wire: 'v2',
    conversations: [conversation],
    atLeastOnce: false,
    body: { keyId: 'prove', bytes: body },
    tryForMs: 86_400_000,
    requestId: 'req_prove',
  }
}
