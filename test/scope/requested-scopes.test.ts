import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import PUBLISHED from '../../src/simulator/published-scopes.json' with { type: 'json' }
import {
  isOfThisChat,
  isRequestedScope,
  nameOfScope,
  readScope,
  requestedScopes,
  SCOPE_WORDS,
  ScopeError,
  splitScopes,
  writeScope,
  type Chat,
  type Scope,
} from '../../src/scope/scope.ts'

const TRIPLE = { userId: 'u-secret', postToken: 'p-secret', peerId: 'q-secret' }
const CHAT = { kind: 'chat', ...TRIPLE } as const
const CONVERSATION = { kind: 'conversation', conversationId: 'c-secret' } as const

const scopes = (asked: readonly string[], chat: Chat = {}) => requestedScopes(asked, chat).map(({ scope }) => scope)

function refusalOf(asked: readonly string[], chat: Chat = {}): string {
  try {
    requestedScopes(asked, chat)
  } catch (error) {
    if (error instanceof ScopeError) return error.message
    throw error
  }
  throw new Error('it was not refused')
}

describe('a scope word means', () => {
  test.each<[string, Chat, Scope[]]>([
    ['chat', { conversationId: 'c-secret' }, [CONVERSATION]],
    ['chat', { triple: TRIPLE }, [CHAT]],
    ['chat', { conversationId: 'c-secret', triple: TRIPLE, postToken: 'p-secret' }, [CONVERSATION, CHAT]],
    ['chat', { conversationId: 'c secret', triple: TRIPLE }, [CHAT]],
    ['chat', { conversationId: 'c-secret', triple: { ...TRIPLE, peerId: 'q:secret' } }, [CONVERSATION]],
    ['post_chats', { postToken: 'p-secret' }, [{ kind: 'post', postToken: 'p-secret' }]],
    ['seller_chats', {}, [{ kind: 'seller' }]],
    ['phone', {}, [{ kind: 'phone' }]],
    ['user_id', {}, [{ kind: 'user_id' }]],
    ['offline', {}, [{ kind: 'offline' }]],
  ])('%s, with %j: its scopes', (word, chat, wanted) => {
    expect(requestedScopes([word], chat)).toEqual(wanted.map((scope) => ({ scope })))
  })

  test('several words: each scope once, in order', () => {
    expect(scopes(['phone', 'chat', 'phone', 'user_id', 'chat'], { triple: TRIPLE })).toEqual([
      { kind: 'phone' },
      CHAT,
      { kind: 'user_id' },
    ])
    expect(requestedScopes([], {})).toEqual([])
  })

  test('no scope with whitespace, for any ids', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '\u00a0', '_', '.', '+'), minLength: 1 })
    const chat = fc.record({ conversationId: text, postToken: text })
    fc.assert(
      fc.property(chat, fc.constantFrom(...SCOPE_WORDS), (known, word) => {
        const written = (() => {
          try {
            return scopes([word], known).map((scope) => writeScope(scope, 'v2'))
          } catch (error) {
            if (error instanceof ScopeError) return []
            throw error
          }
        })()
        for (const one of written) expect(one).not.toMatch(/\s/)
      }),
    )
  })
})

describe('a written scope', () => {
  test.each([
    'USER_PHONE',
    'offline_access',
    'NEW_ONE',
    'NEW_ONE.with.a=resource',
    'NEW_ONE__with+a/resource',
    'CONVERSATION_SEND_MESSAGE__c-1',
    'CHAT_MESSAGE_SEND',
  ])('is requested unchanged: %s', (text) => {
    expect(requestedScopes([text], {})).toMatchObject([{ text }])
  })

  test('is requested once, together with its word or the other notation', () => {
    const [v1, v2] = [writeScope(CHAT, 'v1'), writeScope(CHAT, 'v2')]
    expect(scopes(['chat', v1, v2], { triple: TRIPLE })).toEqual([CHAT])
    expect(scopes(['USER_ID', 'user_id'])).toEqual([{ kind: 'user_id' }])
  })
})

describe('an impossible request is refused, in a message without personal data', () => {
  test.each<[string, Chat]>([
    ['chat', {}],
    ['chat', { postToken: 'p-secret' }],
    ['chat', { conversationId: 'c secret' }],
    ['chat', { triple: { ...TRIPLE, userId: 'u:secret' } }],
    ['chat', { conversationId: 'c-secret\u0000' }],
    ['chat', { triple: { ...TRIPLE, peerId: 'q-secret\n' } }],
    ['post_chats', { postToken: 'p-secret\u0085' }],
    ['post_chats', {}],
    ['post_chats', { conversationId: 'c-secret' }],
    ['post_chats', { postToken: 'p-secret USER_PHONE' }],
  ])('%s of %j', (word, chat) => {
    const message = refusalOf(['phone', word], chat)
    expect(message).toMatch(new RegExp(`^${word}: `))
    expect(message).not.toMatch(/secret/)
  })

  test.each([
    'c-secret',
    'Chat',
    'chats',
    'USER_PHONE secret',
    'USER_PHONE\nsecret',
    'user_phone_secret',
    'SECRET',
    'USER_SECRET.سری',
    'USER_SECRET.',
    '',
    'offline_access.secret',
  ])('%j, neither a word nor a scope', (text) => {
    expect(refusalOf([text])).toBe(`expected ${SCOPE_WORDS.join(', ')}, or a scope as the platform writes it`)
  })

  test('is a ScopeError by name', () => {
    expect(new ScopeError('why')).toMatchObject({ name: 'ScopeError', message: 'why' })
  })
})

describe('a scope concerns this chat only', () => {
  const here: Chat = { conversationId: 'c-secret', postToken: 'p-secret', triple: TRIPLE }

  test.each<[Scope, boolean]>([
    [CONVERSATION, true],
    [{ kind: 'conversation', conversationId: 'c-other' }, false],
    [CHAT, true],
    [{ ...CHAT, userId: 'u-other' }, false],
    [{ ...CHAT, postToken: 'p-other' }, false],
    [{ ...CHAT, peerId: 'q-other' }, false],
    [{ ...CHAT, userId: TRIPLE.peerId, peerId: TRIPLE.userId }, false],
    [{ kind: 'user_id' }, true],
    [{ kind: 'offline' }, true],
    [{ kind: 'post', postToken: 'p-secret' }, false],
    [{ kind: 'seller' }, false],
    [{ kind: 'phone' }, false],
    [{ kind: 'other', text: 'NEW_ONE.c-secret' }, false],
  ])('%j: %s', (scope, isOf) => {
    expect(isOfThisChat(scope, here)).toBe(isOf)
  })

  test('never, when the chat is unknown', () => {
    for (const scope of [CONVERSATION, CHAT]) expect(isOfThisChat(scope, {})).toBe(false)
  })
})

describe('every scope that the platform publishes', () => {
  test('is one of 38', () => {
    expect(PUBLISHED).toHaveLength(38)
  })

  test.each(PUBLISHED)('%s can be requested as the platform writes it, in both notations', (published) => {
    for (const separator of ['.', '__']) {
      const written = published.replace('.resource_id', `${separator}AZf3-Uq/r3+=`)
      expect(isRequestedScope(written)).toBe(true)
      const [request, ...others] = requestedScopes([written], {})
      expect([request?.text, others]).toEqual([written, []])
      expect(nameOfScope(readScope(written))).toBe(nameOfScope(request?.scope ?? { kind: 'other', text: '' }))
    }
  })

  test('is found in an answer that joins all of them by blanks or by a plus', () => {
    const written = PUBLISHED.map((scope) => scope.replace('resource_id', 'AZf3/Uq+r3=='))
    for (const joiner of [' ', '+']) expect(splitScopes(written.join(joiner))).toEqual(written)
    expect(splitScopes(written.toReversed().join('+'))).toEqual(written.toReversed())
  })
})
