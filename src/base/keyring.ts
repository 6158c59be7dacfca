import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** 144 bits: collision-free in practice, and base64url without padding. */
const MAC_BYTES = 18
const KEY_BYTES = 32
const KEY_ID_BYTES = 6

type Sealed = { keyId: string; bytes: Uint8Array }

type MacPurpose = 'fingerprint' | 'conversation' | 'grant' | 'event' | 'subscription'

/** Encrypts texts for the store and computes MACs of texts. The newest key encrypts; every key decrypts. */
export type Keyring = {
  /** The id of the key that encrypts. */
  primary: string
  keyIds: readonly string[]
  /** @param row authenticated with the text, so that it decrypts in this row only */
  seal: (text: string, row: string) => { keyId: string; bytes: Buffer }
  /** @throws SealError */
  open: (sealed: Sealed, row: string) => string
  /** A MAC of the text under each key, the newest key first. */
  macs: (purpose: MacPurpose, text: string) => readonly [string, ...string[]]
}

/** A sealed text cannot be decrypted, or is not what this version seals. */
export class SealError extends Error {
  constructor(reason: 'no key with this id' | 'altered, or sealed for another row' | 'sealed by another version') {
    super(reason)
    this.name = 'SealError'
  }
}

/** @param keys 32 bytes each, the newest first */
export function createKeyring([newest, ...older]: readonly [Buffer, ...Buffer[]]): Keyring {
  const primary = deriveKeys(newest)
  const byId = new Map([primary, ...older.map(deriveKeys)].map((keys) => [keys.id, keys]))
  const others = [...byId.values()].slice(1)
  return {
    primary: primary.id,
    keyIds: [...byId.keys()],
    seal: (text, row) => ({ keyId: primary.id, bytes: encrypt(primary, text, row) }),
    open: ({ keyId, bytes }, row) => {
      const keys = byId.get(keyId)
      if (keys === undefined) throw new SealError('no key with this id')
      return decrypt(keys, bytes, row)
    },
    macs: (purpose, text) => [mac(primary, purpose, text), ...others.map((keys) => mac(keys, purpose, text))],
  }
}

type Keys = { id: string } & Record<'seal' | MacPurpose, KeyObject>

/** Derives a separate key for each use. With a key object, a MAC takes a fraction of the time that it takes with bytes. */
function deriveKeys(configured: Buffer): Keys {
  const derive = (use: string, length: number) =>
    Buffer.from(hkdfSync('sha256', configured, '', `kenar-chat-gateway/1/${use}`, length))
  const keyFor = (use: string) => createSecretKey(derive(use, KEY_BYTES))
  return {
    id: derive('key id', KEY_ID_BYTES).toString('base64url'),
    seal: keyFor('seal'),
    fingerprint: keyFor('fingerprint'),
    conversation: keyFor('conversation'),
    grant: keyFor('grant'),
    event: keyFor('event'),
    subscription: keyFor('subscription'),
  }
}

function encrypt(keys: Keys, text: string, row: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, keys.seal, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(additionalData(keys, row))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

function decrypt(keys: Keys, bytes: Uint8Array, row: string): string {
  try {
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const tag = bytes.subarray(NONCE_BYTES).subarray(-TAG_BYTES)
    const decipher = createDecipheriv(CIPHER, keys.seal, nonce, { authTagLength: TAG_BYTES })
      .setAAD(additionalData(keys, row))
      .setAuthTag(tag)
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    throw new SealError('altered, or sealed for another row')
  }
}

/** Unambiguous, since key ids have one length. */
function additionalData(keys: Keys, row: string): Buffer {
  return Buffer.from(`${keys.id}/${row}`, 'utf8')
}

function mac(keys: Keys, purpose: MacPurpose, text: string): string {
  const digest = createHmac('sha256', keys[purpose]).update(text, 'utf8').digest()
  return `${keys.id}.${digest.subarray(0, MAC_BYTES).toString('base64url')}`
}
