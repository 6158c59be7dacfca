import type { Language } from '../../src/reference/reference-routes.ts'

export type Text = Record<Language, string>
export type { Language }
