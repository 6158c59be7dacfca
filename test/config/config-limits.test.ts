import { describe, expect, test } from '@jest/globals'
import { describeConfig } from '../../src/config/describe-config.ts'
import { configOf, faultsOf } from '../support/config.ts'

describe('limits', () => {
  test('have the documented defaults: twenty wrong keys, any number of sends, from anywhere, no proxy believed', () => {
    const config = configOf({})
    expect(config.limits).toEqual({
      trustProxy: undefined,
      wrongKeysPerMinute: 20,
      sendsPerMinute: 0,
      divarSources: undefined,
      maxRunningClicks: 500,
    })
    expect(describeConfig(config)).toMatchObject({
      trust_proxy: 'none',
      wrong_keys_per_minute: 20,
      sends_per_minute: 'unlimited',
      divar_source_ranges: 'any',
      max_running_clicks: 500,
    })
  })

  test('are described without addresses', () => {
    const listed = configOf({ TRUST_PROXY: '203.0.113.7', DIVAR_SOURCE_RANGES: '203.0.113.0/24' })
    expect(describeConfig(listed)).toMatchObject({ trust_proxy: 'listed', divar_source_ranges: 'listed' })
    expect(JSON.stringify(describeConfig(listed))).not.toContain('203.0.113')
    const counted = configOf({ TRUST_PROXY: '2', WRONG_KEYS_PER_MINUTE: '0', SENDS_PER_MINUTE: '60' })
    expect(describeConfig(counted)).toMatchObject({
      trust_proxy: 2,
      wrong_keys_per_minute: 'unlimited',
      sends_per_minute: 60,
    })
  })

  const unlike = (name: string, ...values: string[]) => values.map((value) => [name, value] as const)
  test.each([
    ...unlike('TRUST_PROXY', 'true', 'all', 'loopback', '-1', '11', '10.0.0.0/33', '10.0.0.1;10.0.0.2', '10.0.0.1,'),
    ...unlike('DIVAR_SOURCE_RANGES', 'divar.ir', '10.0.0.0/', '10.0.0', '::/129', ','),
    ...unlike('WRONG_KEYS_PER_MINUTE', '-1', '1.5', '1000001', 'none'),
    ...unlike('SENDS_PER_MINUTE', '-1', '1000001'),
    ...unlike('MAX_RUNNING_CLICKS', '0', '100001'),
  ])('stop the start when %s is %s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: expected `))])
  })
})
