import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Fault } from '../../src/base/fault.ts'
import { readImportRequest } from '../../src/consent/import-request.ts'

const valid = { access_token: 'a', expires_in: 60, scopes: ['USER_ID'], user_id: 'u' }
test.each([
  [[], ['']],
  [{}, ['/access_token', '/expires_in', '/scopes', '/user_id']],
  [{ ...valid, access_token: 'a b' }, ['/access_token']],
  [{ ...valid, access_token: 'x'.repeat(4097) }, ['/access_token']],
  [{ ...valid, refresh_token: '' }, ['/refresh_token']],
  [{ ...valid, refresh_token: 'a\u007f' }, ['/refresh_token']],
  [{ ...valid, refresh_tokn: 'r' }, ['/refresh_tokn']],
  ...[0, -1, 1.5, '60', null, 2_592_001].map((expires_in): [object, string[]] => [
    { ...valid, expires_in },
    ['/expires_in'],
  ]),
  [{ ...valid, scopes: [] }, ['/scopes']],
  [{ ...valid, scopes: 'USER_ID' }, ['/scopes']],
  [{ ...valid, scopes: ['USER_ID', 'chat', 'USER_PHONE x', 7] }, ['/scopes/1', '/scopes/2', '/scopes/3']],
  [{ ...valid, scopes: Array<string>(101).fill('USER_ID') }, ['/scopes']],
  [{ ...valid, user_id: 'u\n' }, ['/user_id']],
] satisfies [object, string[]][])('%#: names every error of a body by its pointer', (body, pointers) => {
  expect(pointersOf(body)).toEqual(pointers)
})

test('any body is read, or refused with pointers', () => {
  const almost = fc.record({
    access_token: fc.string(),
    refresh_token: fc.option(fc.string()),
    expires_in: fc.oneof(fc.integer(), fc.double()),
    scopes: fc.array(fc.oneof(fc.string(), fc.constant('USER_ID'))),
    user_id: fc.string(),
  })
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), almost), (body) => {
      expect(pointersOf(body)).toEqual(expect.any(Array))
    }),
  )
})

/** The pointers of the body's errors; empty for a valid one. */
function pointersOf(body: unknown): string[] {
  try {
    readImportRequest(body)
    return []
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return (error.options.errors ?? []).map(({ pointer }) => pointer)
  }
}
