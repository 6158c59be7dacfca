import type { Language } from '../../src/operations/operations-routes.ts'

export type Text = Record<Language, string>
export type { Language }
