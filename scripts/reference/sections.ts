import type { JsonObject } from '../../src/base/strict-json.ts'
import type { Language, Text } from './text.ts'

/** The parts of the reference, in their order. */
export const SECTIONS = {
  sends: { en: 'Messages', fa: 'پیام‌ها' },
  stored: { en: 'Stored messages', fa: 'پیام‌های ذخیره‌شده' },
  consent: { en: 'Users, consent, clicks', fa: 'کاربران، اجازه‌ها، کلیک‌ها' },
  clicks: { en: 'For Divar', fa: 'برای دیوار' },
  upkeep: { en: 'For whoever runs it', fa: 'برای گردانندهٔ سرویس' },
} satisfies Record<string, Text>

export type Section = keyof typeof SECTIONS

/** Who asks, and so by which key. */
export type Asker = 'divar' | 'browser' | 'service' | 'operator' | 'probe'

const caller = { gatewayKey: [] }

/** Any one of a list is enough; an empty one means none is needed. */
export const security: Record<Asker, readonly Record<string, readonly string[]>[]> = {
  divar: [{ identificationKey: [] }],
  browser: [],
  service: [caller, { ...caller, userToken: [] }],
  // On INTERNAL_PORT these are open.
  operator: [caller, {}],
  probe: [],
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
  en: 'A key of `INTERNAL_API_KEYS`: the gateway’s own, not Divar’s. `/metrics`, `/openapi.json` and `/docs` are open on `INTERNAL_PORT`.',
  fa: 'یکی از کلیدهای `INTERNAL_API_KEYS`: کلید خود دروازه، نه کلید دیوار. `/metrics` و `/openapi.json` و `/docs` روی `INTERNAL_PORT` بازند.',
}
const IDENTIFICATION_KEY: Text = {
  en: 'Divar’s identification key, raw, without a scheme.',
  fa: 'کلید شناسایی دیوار، خام و بدون پیشوند.',
}
const USER_TOKEN: Text = {
  en: 'The user’s access token, where the gateway holds no grant.',
  fa: 'توکن دسترسی کاربر، وقتی دروازه اجازه‌ای از او ندارد.',
}
