import { expect, test } from '@jest/globals'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import { newAlterableStore } from '../support/stores.ts'

const MANY = 18_000
const FAR_MS = 9_999_999_999_999

/** Subscriptions of as many users. Every second user has a grant that covers one, and every fourth is registered with it. */
function fillWith(numbers: string, bytes: string): string {
  return `
    insert into user_grant (id, content, content_key, names_key, access_until, refresh_until, ends_at, created_at, refreshed_at)
      select 'g' || i, ${bytes}, 'k', 'k', ${FAR_MS}, ${FAR_MS}, ${FAR_MS}, 1, 1 from ${numbers} where i % 2 = 0;
    insert into grant_name (name, grant_id, kind) select 'o' || i, 'g' || i, 'owned' from ${numbers} where i % 2 = 0;
    insert into subscription (id, caller, mac, content, content_key, created_at) select 's' || i, 'c', 'm' || i, ${bytes}, 'k', 1 from ${numbers};
    insert into subscription_name (name, subscription_id, kind) select 'o' || i, 's' || i, 'owned' from ${numbers};
    update subscription set grant_id = 'g' || substr(id, 2), grant_version = 1, outcome = 'registered',
      active_until = ${FAR_MS}, due_at = ${FAR_MS}, due_set_at = 1 where cast(substr(id, 2) as integer) % 4 = 0`
}

// PostgreSQL ends a statement after five seconds. It may have no statistics of the tables yet.
test.each(DATABASES)(
  '%s finds those that are due among 18,000 subscriptions',
  async (kind) => {
    const { alter, store } = await newAlterableStore(kind)
    await trustClock(store())
    await alter(
      kind === 'postgres'
        ? fillWith(`generate_series(1, ${MANY}) i`, `'\\x00'::bytea`)
        : fillWith(
            `(with recursive n (i) as (select 1 union all select i + 1 from n where i < ${MANY}) select i from n)`,
            `x'00'`,
          ),
    )
    expect(await store().markSubscriptionsDue()).toBe(1000)
    expect((await store().claimSubscription('gw-1', 1000)).kind).toBe('claimed')
    expect(await store().countSubscriptions()).toEqual({ active: MANY / 4, waiting: (MANY / 4) * 3, failed: 0 })
  },
  60_000,
)
