import { fromAddress, fromFragment, toAddress } from '../../ui/address.ts'
import { now } from '../../ui/now.ts'

export const TABS = ['messages', 'events', 'subscriptions', 'conversations'] as const
export type Tab = (typeof TABS)[number]
export const AGES = ['hour', 'day', 'week'] as const
export type Age = (typeof AGES)[number]

const AGE_MS: Record<Age, number> = { hour: 3600_000, day: 86_400_000, week: 7 * 86_400_000 }

/**
 * What the page shows. It is in the address, so that a link leads to the same. The conversation is in the fragment, which browsers send to no server,
 * so that no proxy logs it. Empty texts choose nothing.
 */
export type View = {
  tab: Tab
  state: string
  wire: string
  caller: string
  age: string
  conversation: string
  /** The id whose details are shown. */
  open: string
}

export function readView(): View {
  return {
    tab: TABS.find((tab) => tab === fromAddress('tab')) ?? 'messages',
    state: fromAddress('state'),
    wire: fromAddress('wire'),
    caller: fromAddress('caller'),
    age: fromAddress('age'),
    conversation: fromFragment('conversation'),
    open: fromAddress('open'),
  }
}

export function writeView({ conversation, ...change }: Partial<View>): void {
  toAddress(
    { ...change, ...(change.tab === 'messages' && { tab: '' }) },
    conversation === undefined ? {} : { conversation },
  )
}

/** The beginning of an age, as the gateway reads it; empty for any age. */
export function sinceOf(age: string): string {
  const known = AGES.find((one) => one === age)
  return known === undefined ? '' : new Date(now() - AGE_MS[known]).toISOString()
}
