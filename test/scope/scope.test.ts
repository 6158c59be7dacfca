import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nameOfScope, readScope, splitScopes, writeScope, type Scope } from '../../src/scope/scope.ts'

const USER = 'e9ba8a81-9583-4f7c-af54-b07df089d971'
const PEER = '1697004f-e902-44c2-bbbe-bf8e20d54bff'
/** The seed's own example, to the byte. */
const BASE64 =
  'ZTliYThhODEtOTU4My00ZjdjLWFmNTQtYjA3ZGYwODlkOTcxOkFaZjNVcXIzOjE2OTcwMDRmLWU5MDItNDRjMi1iYmJlLWJmOGUyMGQ1NGJmZg=='
const CHAT: Scope = { kind: 'chat', userId: USER, postToken: 'AZf3Uqr3', peerId: PEER }

const style = fc.constantFrom('v1' as const, 'v2' as const)
const textOf = (characters: string) => fc.string({ unit: fc.constantFrom(...Array.from(characters)), minLength: 1 })
/** Ids as they were seen, and worse: Persian, and with what also divides. */
const id = fc.oneof(
  fc.uuid(),
  fc.base64String({ minLength: 4 }),
  textOf('aZ09+/=._-'),
  textOf('سلامگچپژ‌۱۲٣ é🌷'),
  fc.string({ unit: 'binary', minLength: 1 }),
)
/** One of the three that are joined by colons. */
const part = id.map((text) => text.replaceAll(':', '')).filter((text) => text !== '')
const bare = fc.constantFrom<Scope>({ kind: 'seller' }, { kind: 'phone' }, { kind: 'user_id' }, { kind: 'offline' })
const scopeOf = (any: fc.Arbitrary<string>, oneOfThree = any): fc.Arbitrary<Scope> =>
  fc.oneof(
    any.map((conversationId): Scope => ({ kind: 'conversation', conversationId })),
    fc
      .tuple(oneOfThree, oneOfThree, oneOfThree)
      .map(([userId, postToken, peerId]): Scope => ({ kind: 'chat', userId, postToken, peerId })),
    any.map((postToken): Scope => ({ kind: 'post', postToken })),
    bare,
  )

describe('a scope is written in the platform’s notation', () => {
  test.each<[string, Scope, string, string]>([
    [
      'one chat by its id',
      { kind: 'conversation', conversationId: 'c-1' },
      'CONVERSATION_SEND_MESSAGE__c-1',
      'CONVERSATION_SEND_MESSAGE.c-1',
    ],
    ['one chat by the three ids of v1', CHAT, `CHAT_SEND_MESSAGE_OAUTH__${BASE64}`, `CHAT_MESSAGE_SEND.${BASE64}`],
    [
      'all chats of a post',
      { kind: 'post', postToken: 'AZf3Uqr3' },
      'CHAT_SEND_MESSAGE_POST_CONVERSATIONS__AZf3Uqr3',
      'CHAT_POST_CONVERSATIONS_MESSAGE_SEND.AZf3Uqr3',
    ],
    [
      'all chats of a seller',
      { kind: 'seller' },
      'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND',
      'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND',
    ],
    ['a phone number', { kind: 'phone' }, 'USER_PHONE', 'USER_PHONE'],
    ['a user’s id', { kind: 'user_id' }, 'USER_ID', 'USER_ID'],
    ['a refresh token', { kind: 'offline' }, 'offline_access', 'offline_access'],
    ['an unknown scope', { kind: 'other', text: 'NEW_ONE__x.y' }, 'NEW_ONE__x.y', 'NEW_ONE__x.y'],
  ])('%s, in both notations, and read from either', (_, scope, v1, v2) => {
    expect([writeScope(scope, 'v1'), writeScope(scope, 'v2')]).toEqual([v1, v2])
    expect([readScope(v1), readScope(v2)]).toEqual([scope, scope])
    expect([nameOfScope(scope), nameOfScope(readScope(v1))]).toEqual([v2, v2])
  })

  test('and read back unchanged, for any ids', () => {
    fc.assert(
      fc.property(scopeOf(id, part), style, (scope, notation) => {
        expect(readScope(writeScope(scope, notation))).toEqual(scope)
      }),
      { numRuns: 1000 },
    )
  })

  test('and has the same name in both notations', () => {
    fc.assert(
      fc.property(scopeOf(id, part), style, (scope, notation) => {
        expect(nameOfScope(readScope(writeScope(scope, notation)))).toBe(nameOfScope(scope))
      }),
    )
  })
})

describe('a scope is read', () => {
  test.each([
    ['with the name of one notation and the separator of the other', `CHAT_MESSAGE_SEND__${BASE64}`],
    ['without the padding of its base64', `CHAT_MESSAGE_SEND.${BASE64.replaceAll('=', '')}`],
  ])('%s', (_, text) => {
    expect(readScope(text)).toEqual(CHAT)
  })

  test.each([
    'FUTURE_SCOPE.resource',
    'FUTURE_SCOPE__resource',
    'openid',
    'user_phone',
    'USER_PHONE.9',
    'OFFLINE_ACCESS',
    'CHAT_MESSAGE_SEND',
    'CHAT_MESSAGE_SEND.',
    'CHAT_MESSAGE_SEND.AZf3Uqr3',
    `CHAT_MESSAGE_SEND.${Buffer.from('two:parts').toString('base64')}`,
    `CHAT_MESSAGE_SEND.${Buffer.from('a:b:c:d').toString('base64')}`,
    `CHAT_MESSAGE_SEND.${Buffer.from('a::c').toString('base64')}`,
    `CHAT_MESSAGE_SEND.${Buffer.from('ff3a613a62', 'hex').toString('base64')}`,
    'CONVERSATION_SEND_MESSAGE',
    'CONVERSATION_SEND_MESSAGE_c-1',
    '_USER_ID',
    'USER_ID ',
    '',
    'سلام',
  ])('%j is unknown and kept unchanged', (text) => {
    expect(readScope(text)).toEqual({ kind: 'other', text })
    expect([writeScope(readScope(text), 'v1'), writeScope(readScope(text), 'v2')]).toEqual([text, text])
  })

  test('from any text, without an error, and unchanged when written again', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(
          fc.constantFrom(
            'CHAT_MESSAGE_SEND',
            'CHAT_SEND_MESSAGE_OAUTH',
            'CONVERSATION_SEND_MESSAGE',
            'USER_ID',
            'X_Y',
          ),
          fc.constantFrom('.', '__', '_', ''),
          fc.oneof(
            id,
            fc.base64String(),
            fc.tuple(id, id, id).map((three) => Buffer.from(three.join(':')).toString('base64')),
          ),
        )
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, style, (any, notation) => {
        const scope = readScope(any)
        expect(readScope(writeScope(scope, notation))).toEqual(scope)
        if (scope.kind === 'other') expect(writeScope(scope, notation)).toBe(any)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the scopes of a token answer are split', () => {
  /** As ids were seen, and with all that divides but a `+` before a `_`, which no id has: base64 of one alphabet has `+`, of the other `_`. */
  const seen = fc.oneof(fc.uuid(), textOf('aZ09+/=.-'), fc.base64String({ minLength: 4 }), textOf('aZ09=._-'))

  test.each([
    ['a space', ' ', style],
    ['a plus', '+', style],
    ['any whitespace', ' \n\t  ', style],
  ])('at %s', (_, joiner, notation) => {
    const written = fc.tuple(scopeOf(seen, part), notation).map(([scope, one]) => writeScope(scope, one))
    fc.assert(
      fc.property(fc.array(written), (scopes) => {
        expect(splitScopes(scopes.join(joiner))).toEqual(scopes)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['nothing', '', []],
    ['whitespace only', '  ', []],
    [
      'a base64 with a plus before another scope',
      'CHAT_MESSAGE_SEND.ab+cd==+USER_ID',
      ['CHAT_MESSAGE_SEND.ab+cd==', 'USER_ID'],
    ],
    ['lower case', 'USER_PHONE+offline_access', ['USER_PHONE', 'offline_access']],
    ['unknown scopes', 'NEW_ONE.x ANOTHER_ONE', ['NEW_ONE.x', 'ANOTHER_ONE']],
    [
      'an id with a plus, separated by spaces',
      'CONVERSATION_SEND_MESSAGE.a+b_c offline_access',
      ['CONVERSATION_SEND_MESSAGE.a+b_c', 'offline_access'],
    ],
  ])('%s', (_, text, scopes) => {
    expect(splitScopes(text)).toEqual(scopes)
  })
})
