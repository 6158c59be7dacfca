import type { Language } from '../../src/routes/reference.ts'

export type Text = Record<Language, string>
export type { Language }
