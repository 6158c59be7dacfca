import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConsolePage } from '../../src/console/page-files.ts'
import { pageAssets } from '../pages/assets.ts'

const FOLDER = join(import.meta.dirname, '..', '..', 'src', 'console', 'page')

/** What the page uses of src/ui. */
const SHARED = [
  'fonts.css',
  'tokens.css',
  'base.css',
  'components.css',
  'address.ts',
  'ago.ts',
  'arrow-keys.ts',
  'believe.ts',
  'choice.ts',
  'confirm.ts',
  'copy.ts',
  'data-table.ts',
  'dom.ts',
  'empty-state.ts',
  'language.ts',
  'mark.ts',
  'now.ts',
  'page-words.ts',
  'tabs.ts',
  'theme.ts',
  'toast.ts',
  'worded.ts',
]

/** What `GET /console` answers, made from src/console/page and src/ui. */
export const page: ConsolePage = {
  html: {
    console: readFileSync(join(FOLDER, 'console.html'), 'utf8'),
    login: readFileSync(join(FOLDER, 'login.html'), 'utf8'),
  },
  assets: pageAssets('console/page', SHARED),
}
