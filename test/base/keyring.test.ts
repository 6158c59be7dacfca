import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createKeyring, SealError } from '../../src/base/keyring.ts'

const OLD = Buffer.alloc(32, 'old')
const NEW = Buffer.alloc(32, 'new')
const ROW = 'message/msg_x/body'
const SECRET = 'سلام'

/** Any well-formed text, of characters of every length in UTF-8. */
const anyText = fc.string({ unit: 'binary' })

const before = createKeyring([OLD])
const after = createKeyring([NEW, OLD])

function refusalOf(open: () => string): SealError {
  try {
    open()
  } catch (error) {
    if (error instanceof SealError) return error
  }
  throw new Error('it was not refused')
}

const ALTERED = 'altered, or sealed for another row'

describe('a sealed text', () => {
  test('opens to the same text, for any text and row', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, row) => {
        expect(after.open(after.seal(text, row), row)).toBe(text)
      }),
    )
  })

  test('opens from a plain array of bytes, as a database may return it', () => {
    const { keyId, bytes } = after.seal(SECRET, ROW)
    expect(after.open({ keyId, bytes: new Uint8Array(bytes) }, ROW)).toBe(SECRET)
  })

  test('from an earlier version opens: the format is unchanged, or has a migration', () => {
    const bytes = Buffer.from('Lr5Y3xHRDxJHAnY5HuErDrAepmbJHrY9rZn1vPTxTzH7+bkO', 'base64')
    expect(after.open({ keyId: 'ExFbAHd5', bytes }, ROW)).toBe(SECRET)
  })

  test('is at most 28 bytes longer than the text', () => {
    expect(after.seal('', ROW).bytes).toHaveLength(28)
    expect(after.seal(SECRET, ROW).bytes).toHaveLength(Buffer.byteLength(SECRET) + 28)
  })

  test('has a different nonce and different bytes each time', () => {
    const [one, other] = [after.seal(SECRET, ROW).bytes, after.seal(SECRET, ROW).bytes]
    expect(one.subarray(0, 12)).not.toEqual(other.subarray(0, 12))
    expect(one.subarray(12, -16)).not.toEqual(other.subarray(12, -16))
    expect(one.subarray(-16)).not.toEqual(other.subarray(-16))
  })

  test('is refused if any one bit is flipped', () => {
    const { keyId, bytes } = after.seal(SECRET, ROW)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(refusalOf(() => after.open({ keyId, bytes: altered }, ROW)).message).toBe(ALTERED)
    }
  })

  test('is refused if it is cut off anywhere or has an extra byte', () => {
    const { keyId, bytes } = after.seal(SECRET, ROW)
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length)
      expect(refusalOf(() => after.open({ keyId, bytes: cut }, ROW)).message).toBe(ALTERED)
    }
    const longer = Buffer.concat([bytes, Buffer.alloc(1)])
    expect(refusalOf(() => after.open({ keyId, bytes: longer }, ROW)).message).toBe(ALTERED)
  })

  test.each(['message/msg_y/body', 'message/msg_x/reply', '', `${ROW} `])('does not open in the row "%s"', (row) => {
    expect(refusalOf(() => after.open(after.seal(SECRET, ROW), row)).message).toBe(ALTERED)
  })

  test('does not open under the id of another known key', () => {
    const { bytes } = before.seal(SECRET, ROW)
    expect(refusalOf(() => after.open({ keyId: after.primary, bytes }, ROW)).message).toBe(ALTERED)
  })

  test('does not open without its key', () => {
    expect(refusalOf(() => before.open(after.seal(SECRET, ROW), ROW)).message).toBe('no key with this id')
  })

  test('opens with an older key', () => {
    expect(after.open(before.seal(SECRET, ROW), ROW)).toBe(SECRET)
  })
})

describe('a key id', () => {
  test('has 8 characters and is the same in every process, so that rows can name it', () => {
    expect(before.primary).toBe('ExFbAHd5')
    expect(createKeyring([Buffer.from(OLD)]).primary).toBe(before.primary)
  })

  test('is different for each key', () => {
    const ids = Array.from({ length: 100 }, () => createKeyring([randomBytes(32)]).primary)
    expect(new Set(ids).size).toBe(100)
    for (const id of ids) expect(id).toMatch(/^[\w-]{8}$/)
  })

  test('is listed for each key, the one that seals first', () => {
    expect(after.keyIds).toEqual([after.primary, before.primary])
    expect(after.seal(SECRET, ROW).keyId).toBe(after.primary)
    expect(after.primary).not.toBe(before.primary)
  })
})

test('a key that is given twice counts once, at its first position', () => {
  const doubled = createKeyring([NEW, OLD, Buffer.from(NEW), Buffer.from(OLD)])
  expect(doubled.keyIds).toEqual(after.keyIds)
  expect(doubled.macs('fingerprint', SECRET)).toEqual(after.macs('fingerprint', SECRET))
})

describe('a MAC', () => {
  test('is the same if and only if text and key are the same', () => {
    const again = createKeyring([Buffer.from(OLD)])
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        expect(again.macs('fingerprint', one)).toEqual(before.macs('fingerprint', one))
        expect(again.macs('fingerprint', one)[0] === before.macs('fingerprint', other)[0]).toBe(one === other)
      }),
    )
  })

  test('is the same in every process, so that rows can be found by it', () => {
    expect(before.macs('conversation', SECRET)).toEqual(['ExFbAHd5.rZkN6ul1bprBUFnihWAPZQsI'])
  })

  test('contains the id of its key and 24 more characters', () => {
    expect(before.macs('fingerprint', SECRET)).toEqual([expect.stringMatching(/^[\w-]{8}\.[\w-]{24}$/)])
    expect(before.macs('fingerprint', SECRET)[0].startsWith(`${before.primary}.`)).toBe(true)
  })

  test('is different for each purpose', () => {
    const tail = (mac: string) => mac.slice(9)
    expect(tail(before.macs('fingerprint', SECRET)[0])).not.toBe(tail(before.macs('conversation', SECRET)[0]))
  })

  test('is made under every key, the newest first, so that rows written under an older key are found', () => {
    const [newest, older, ...more] = after.macs('conversation', SECRET)
    expect(newest.startsWith(`${after.primary}.`)).toBe(true)
    expect([older, ...more]).toEqual(before.macs('conversation', SECRET))
  })
})

test('ids, MACs, sealed bytes, errors and the keyring itself reveal neither key nor text', () => {
  const sealed = after.seal(SECRET, ROW)
  const unknownKey = refusalOf(() => before.open(sealed, ROW))
  const altered = refusalOf(() => after.open(sealed, 'elsewhere'))
  const told = [
    ...after.keyIds,
    ...after.macs('fingerprint', SECRET),
    sealed.bytes.toString('latin1'),
    ...[unknownKey, altered].flatMap(({ message, stack, cause }) => [message, String(stack), String(cause)]),
    JSON.stringify(after),
  ].join('\n')
  for (const secret of [OLD, NEW, Buffer.from(SECRET)]) {
    const head = secret.subarray(0, 6)
    for (const encoding of ['latin1', 'utf8', 'hex', 'base64', 'base64url'] as const) {
      expect(told).not.toContain(head.toString(encoding))
    }
  }
})
