import type { Language } from '../../src/operations/reference-routes.ts'

export type Text = Record<Language, string>
export type { Language }
