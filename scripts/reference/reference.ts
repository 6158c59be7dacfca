import { VERSION } from '../../src/base/version.ts'
import type { Reference } from '../../src/reference/reference-routes.ts'
import { pageAssets } from '../pages/assets.ts'
import { describeApi } from './document.ts'
import { renderPages } from './pages/pages.ts'

const documents = { en: describeApi(VERSION, 'en'), fa: describeApi(VERSION, 'fa') }
const english = renderPages(documents.en, 'en')
const persian = renderPages(documents.fa, 'fa')

const searchIndex = (entries: unknown) => ({
  type: 'application/json; charset=utf-8',
  encoding: 'utf8' as const,
  body: JSON.stringify({ entries }),
})

/** What the pages use of src/ui. */
const SHARED = [
  'fonts.css',
  'tokens.css',
  'base.css',
  'components.css',
  'code-block.ts',
  'copy.ts',
  'dom.ts',
  'json-tree.ts',
  'language.ts',
  'tabs.ts',
  'worded.ts',
]

/** What `GET /openapi.json` and `GET /docs` answer, made from the schemas and from docs/. */
export const reference: Reference = {
  openapi: { en: JSON.stringify(documents.en), fa: JSON.stringify(documents.fa) },
  pages: { en: english.pages, fa: persian.pages },
  assets: {
    ...pageAssets('reference/page', SHARED),
    'search-en.json': searchIndex(english.index),
    'search-fa.json': searchIndex(persian.index),
  },
}
