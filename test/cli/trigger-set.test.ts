import { expect, test } from '@jest/globals'
import { setPath, unsetPath } from '../../src/cli/paths.ts'
import { runCli } from '../support/command-line.ts'

function changed(before: Record<string, unknown>, set: string[], unset: string[] = []): unknown {
  const body = structuredClone(before)
  for (const assignment of set) setPath(body, assignment)
  for (const path of unset) unsetPath(body, path)
  return body
}

test('a value is parsed as JSON if possible, otherwise taken as text', () => {
  expect(changed({}, ['a=7', 'b=B-7', 'c={"d":[1]}', 'e=', 'f=x=y'])).toEqual({
    a: 7,
    b: 'B-7',
    c: { d: [1] },
    e: '',
    f: 'x=y',
  })
})

test('array elements can be set, appended and removed by index', () => {
  expect(changed({ list: [1, 2, 3] }, ['list.0=9', 'list.3=4'], ['list.1', 'list.7', 'list.length'])).toEqual({
    list: [9, 3, 4],
  })
})

test.each(['length', '4', '4294967294', '-1', '01', 'name'])(
  'an array cannot be set at %s: exit code 2',
  async (key) => {
    const set = ['--set', 'a=[1,2,3]', '--set', `a.${key}=1`]
    const { code, err } = await runCli('trigger', 'v1-menu', '--key', 'x', ...set, '--url', 'http://127.0.0.1:9')
    expect([code, err]).toEqual([2, expect.stringContaining('expected an index from 0 to 3')])
  },
)

test('a key that no header can contain gives exit code 2 and is not printed', async () => {
  const { code, out, err } = await runCli('trigger', 'v1-menu', '--key', 'canary\nkey', '--url', 'http://127.0.0.1:9')
  expect([code, err]).toEqual([2, expect.stringContaining('not sent')])
  expect(out + err).not.toContain('canary')
})
