import type { Permission } from '../../src/access/authentication.ts'
import type { JsonObject } from '../../src/base/strict-json.ts'
import type { Language, Text } from './text.ts'

/** Sections of the reference, in order. */
export const SECTIONS = {
  sends: { en: 'Messages', fa: 'پیام‌ها' },
  stored: { en: 'Stored messages', fa: 'پیام‌های ذخیره‌شده' },
  consent: { en: 'Consent, grants, users, clicks', fa: 'اجازه‌ها، کاربران، کلیک‌ها' },
  platform: { en: 'Platform calls', fa: 'فراخوانی پلتفرم' },
  clicks: { en: 'Called by Divar', fa: 'درخواست‌ها از طرف دیوار' },
  events: { en: 'Events', fa: 'رویدادها' },
  webhooks: { en: 'Sent to your services', fa: 'درخواست‌ها به سرویس‌های شما' },
  upkeep: { en: 'Health and metrics', fa: 'سلامت و متریک‌ها' },
} satisfies Record<string, Text>

export type Section = keyof typeof SECTIONS

/** Where the page of each section is, below /docs/. */
export const PAGE_OF: Record<Section, string> = {
  sends: 'messages',
  stored: 'stored-messages',
  consent: 'consent',
  platform: 'platform-calls',
  clicks: 'called-by-divar',
  events: 'events',
  webhooks: 'webhooks',
  upkeep: 'operations',
}

/** Who calls the route, and so with which key. */
export type Asker = 'divar' | 'browser' | 'service' | 'operator' | 'probe'

/**
 * One entry of the list is enough; an empty list needs no key. The roles of a caller's key are its permissions.
 * @param permissions one of them is enough; those in a list are all needed
 */
export function security(
  asker: Asker,
  permissions: readonly (Permission | readonly Permission[])[] = [],
): readonly Record<string, readonly string[]>[] {
  switch (asker) {
    case 'divar':
      return [{ identificationKey: [] }]
    case 'service':
      return (permissions.length === 0 ? [[]] : permissions.map((needed) => [needed].flat())).flatMap((roles) => [
        { gatewayKey: roles },
        { gatewayKey: roles, userToken: [] },
      ])
    case 'operator':
      // No key is needed on INTERNAL_PORT.
      return [{ gatewayKey: [] }, {}]
    case 'browser':
    case 'probe':
      return []
  }
}

export function securitySchemes(language: Language): JsonObject {
  const described = {
    gatewayKey: { type: 'apiKey', in: 'header', name: 'x-api-key', text: GATEWAY_KEY },
    identificationKey: { type: 'apiKey', in: 'header', name: 'Authorization', text: IDENTIFICATION_KEY },
    userToken: { type: 'http', scheme: 'bearer', text: USER_TOKEN },
  }
  return Object.fromEntries(
    Object.entries(described).map(([name, { text, ...scheme }]) => [name, { ...scheme, description: text[language] }]),
  )
}

const GATEWAY_KEY: Text = {
  en: 'A key from `INTERNAL_API_KEYS`, not Divar’s key. `CALLER_PERMISSIONS` says what its caller may do; each route names the permission that it needs. `/metrics`, `/openapi.json` and `/docs` need no key on `INTERNAL_PORT`.',
  fa: 'یکی از کلیدهای `INTERNAL_API_KEYS`، نه کلید دیوار. `CALLER_PERMISSIONS` می‌گوید صاحب کلید چه کارهایی می‌تواند بکند و هر مسیر مجوز لازمش را نام می‌برد. `/metrics` و `/openapi.json` و `/docs` روی `INTERNAL_PORT` کلید نمی‌خواهند.',
}
const IDENTIFICATION_KEY: Text = {
  en: 'Divar’s identification key as it is, without `Bearer` or another scheme.',
  fa: 'کلید شناسایی دیوار، بدون `Bearer` یا پیشوند دیگر.',
}
const USER_TOKEN: Text = {
  en: 'The user’s access token. Not needed when the gateway has a grant.',
  fa: 'access token کاربر. اگر دروازه اجازهٔ ثبت‌شده دارد، لازم نیست.',
}
