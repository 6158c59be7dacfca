import { describe, expect, test } from '@jest/globals'
import { tableOf } from '../../scripts/platform/table.ts'
import { OPERATIONS } from '../../src/platform/operations.ts'

const find = (name: string) => OPERATIONS.find((operation) => operation.name === name)
const parametersOf = (path: string) => Array.from(path.matchAll(/\{(\w+)\}/g), ([, parameter = '']) => parameter)

describe('the table of platform calls', () => {
  test('has each of the 57 operations once, by its name and by its method and path', () => {
    expect(OPERATIONS).toHaveLength(57)
    expect(new Set(OPERATIONS.map(({ name }) => name)).size).toBe(57)
    expect(new Set(OPERATIONS.map(({ method, path }) => `${method} ${path}`)).size).toBe(57)
  })

  test('leaves out the paths that are routes of the gateway: sends, bot messages, subscriptions', () => {
    const own = /\/conversations\/\{\w+\}\/messages$|\/chat\/conversation$|\/chat\/bot\/|\/events\/subscriptions/
    expect(OPERATIONS.filter(({ path }) => own.test(path))).toEqual([])
  })

  test.each([
    ['Addons_CreatePostAddonV2', ['POST_ADDON_CREATE.{token}', 'USER_POSTS_ADDON_CREATE']],
    ['Semantic_CreatePostSemantic', ['POST_SEMANTIC_CREATE.{token}']],
    ['Post_EditPostV2', ['POST_EDIT.{post_token}', 'EDIT_USER_POST']],
    ['ChatAPI_GetConversation', ['CHAT_CONVERSATION_READ.{conversation_id}']],
    ['Addons_CreateBusinessAddon', ['BUSINESS_ADDON_CREATE.{business_token}']],
    ['Finder_GetUserPosts', ['USER_POSTS_GET']],
    ['Finder_GetUser', ['USER_PHONE', 'USER_ID']],
    ['Finder_PostUser', ['USER_PHONE', 'USER_ID']],
    ['Finder_GetPost', []],
    ['ChatAPI_GenerateUploadToken', []],
  ])('%s needs one of %j, the narrowest first', (name, scopes) => {
    expect(find(name)?.scopes).toEqual(scopes)
  })

  test('names a user by {divar_user_id} alone, never by a phone number', () => {
    const named = OPERATIONS.filter(({ user }) => user !== undefined)
    expect(named.map(({ name, user }) => [name, user])).toEqual([
      ['Semantic_DeleteUserSemantic', 'divar_user_id'],
      ['Semantic_CreateUserSemantic', 'divar_user_id'],
      ['Addons_CreateUserAddonV2', 'divar_user_id'],
    ])
    expect(find('Addons_CreateUserAddonV22')).toMatchObject({ path: '/v2/open-platform/addons/user/{phone}' })
  })

  test('names as a resource only a parameter of its own path', () => {
    for (const { path, scopes } of OPERATIONS) {
      for (const scope of scopes) {
        expect(scope).toMatch(/^[A-Z]+(?:_[A-Z]+)+(?:\.\{\w+\})?$/)
        expect(parametersOf(path)).toEqual(expect.arrayContaining(parametersOf(scope)))
      }
    }
  })
})

describe('the script that makes it', () => {
  const documentOf = (scope: string) => ({
    paths: {
      '/v1/open-platform/post/{token}': {
        put: { operationId: 'Post_Edit', security: [{ APIKey: [], OAuth: ['POSTS_EDIT', scope] }], requestBody: {} },
      },
    },
  })

  test('puts the scope with a resource first', () => {
    expect(tableOf(documentOf('POST_EDIT.token'))).toContainEqual({
      name: 'Post_Edit',
      method: 'PUT',
      path: '/v1/open-platform/post/{token}',
      scopes: ['POST_EDIT.{token}', 'POSTS_EDIT'],
      body: true,
    })
  })

  test('fails if it cannot tell which path parameter is the resource', () => {
    expect(() => tableOf(documentOf('POST_EDIT.post_token'))).toThrow('Post_Edit: which path parameter')
  })
})
