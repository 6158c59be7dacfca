import * as z from 'zod'
import type { AddressRanges } from '../base/address-ranges.ts'
import type { TrustProxy } from '../http/app.ts'
import * as variable from './variables.ts'

/** Who may ask how much, and whose word tells who it is. */
export type LimitsConfig = {
  /** How many proxies stand before the gateway, or where they are. Without it none is believed. */
  trustProxy?: number | AddressRanges | undefined
  /** For each address; 0 for any number. */
  wrongKeysPerMinute: number
  /** For each caller; 0 for any number. */
  sendsPerMinute: number
  /** Where Divar calls from. */
  divarSources?: AddressRanges | undefined
  maxRunningClicks: number
}

export const limitsSchema = z.object({
  TRUST_PROXY: variable.trustProxy.optional(),
  WRONG_KEYS_PER_MINUTE: variable.integer(0, 1_000_000, 'a number of wrong keys').default(20),
  SENDS_PER_MINUTE: variable.integer(0, 1_000_000, 'a number of messages').default(0),
  DIVAR_SOURCE_RANGES: variable.addressRanges.optional(),
  MAX_RUNNING_CLICKS: variable.integer(1, 100_000, 'a number of clicks').default(500),
})
type LimitsVariables = z.infer<typeof limitsSchema>

export function chooseLimits(variables: LimitsVariables): LimitsConfig {
  return {
    trustProxy: variables.TRUST_PROXY,
    wrongKeysPerMinute: variables.WRONG_KEYS_PER_MINUTE,
    sendsPerMinute: variables.SENDS_PER_MINUTE,
    divarSources: variables.DIVAR_SOURCE_RANGES,
    maxRunningClicks: variables.MAX_RUNNING_CLICKS,
  }
}

export function trustOf({ trustProxy = 0 }: LimitsConfig): TrustProxy {
  return typeof trustProxy === 'number' ? (_, hop) => hop < trustProxy : (address) => trustProxy.has(address)
}

/** For the start-up line: of addresses only whether. */
export function describeLimits(limits: LimitsConfig): Record<string, unknown> {
  const { trustProxy = 'none' } = limits
  const unlessZero = (limit: number) => (limit === 0 ? 'unlimited' : limit)
  return {
    trust_proxy: typeof trustProxy === 'object' ? 'listed' : trustProxy,
    wrong_keys_per_minute: unlessZero(limits.wrongKeysPerMinute),
    sends_per_minute: unlessZero(limits.sendsPerMinute),
    divar_source_ranges: limits.divarSources === undefined ? 'any' : 'listed',
    max_running_clicks: limits.maxRunningClicks,
  }
}
