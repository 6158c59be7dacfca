import type { Language } from '../../routes/reference.ts'

export type Text = Record<Language, string>
export type { Language }
