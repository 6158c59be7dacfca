/** The pages below /docs, the start page first. */
export const PAGES = [
  '',
  '/messages',
  '/stored-messages',
  '/consent',
  '/platform-calls',
  '/called-by-divar',
  '/events',
  '/webhooks',
  '/operations',
  '/schemas',
  '/errors',
] as const

export function addressesOf(language: string): string[] {
  return PAGES.map((name) => `/docs${name}?lang=${language}`)
}

export function matchesOf(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found)
}
