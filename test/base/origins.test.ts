import { describe, expect, test } from '@jest/globals'
import { origins } from '../../src/config/variables.ts'
import { clickV1, runResolver } from '../../src/testing/index.ts'
import { runCli } from '../support/command-line.ts'
import { resolverFile } from '../support/resolvers.ts'

const landsOn = 'https://app.example.com/'

/** What each place where allowed origins are written makes of them: a landing, no landing, or a refusal of the origins. */
const places = {
  LANDING_ALLOWED_ORIGINS: (given: string) => {
    const read = origins.safeParse(given)
    if (!read.success) return Promise.resolve('unreadable')
    return Promise.resolve(read.data.has('https://app.example.com') ? 'allowed' : 'not allowed')
  },
  'try --allow-origin': async (given: string) => {
    const file = await resolverFile(`export default () => ({ url: '${landsOn}' })`)
    const { code } = await runCli('try', file, '--click', 'v1-menu', '--allow-origin', given)
    return ['allowed', 'not allowed', 'unreadable'][code]
  },
  "the test kit's text": (given: string) => runKit(given),
  "the test kit's list": (given: string) => runKit([given]),
}

function runKit(allowedOrigins: string | string[]): Promise<string> {
  return runResolver(() => ({ url: landsOn }), clickV1(), { allowedOrigins }).then(
    () => 'allowed',
    (error: unknown) => (error instanceof TypeError ? 'unreadable' : 'not allowed'),
  )
}

describe.each(Object.entries(places))('allowed origins in %s', (_, place) => {
  test.each([
    ['https://app.example.com/', 'allowed'],
    ['HTTPS://APP.example.com:443', 'allowed'],
    ['https://pay.example.com, https://app.example.com', 'allowed'],
    ['https://pay.example.com', 'not allowed'],
    ['https://app.example.com/start', 'unreadable'],
    ['https://*.example.com', 'unreadable'],
    ['app.example.com', 'unreadable'],
    ['https://app.example.com,', 'unreadable'],
  ])('%j: the landing is %s', async (given, told) => {
    expect(await place(given)).toBe(told)
  })
})

test('an empty list of allowed origins in the test kit is an error, not a list that allows all or none', async () => {
  expect(await runKit([])).toBe('unreadable')
})
