import { hash } from 'node:crypto'
import { VERSION } from '../../src/base/version.ts'
import type { Reference } from '../../src/operations/operations-routes.ts'
import { describeApi } from './document.ts'
import { renderPage } from './page.ts'
import { STYLE } from './style.ts'

const documents = { en: describeApi(VERSION, 'en'), fa: describeApi(VERSION, 'fa') }

/** What `GET /openapi.json` and `GET /docs` answer, made from the schemas and from docs/. */
export const reference: Reference = {
  openapi: { en: JSON.stringify(documents.en), fa: JSON.stringify(documents.fa) },
  pages: { en: renderPage(documents.en, 'en'), fa: renderPage(documents.fa, 'fa') },
  style: `'sha256-${hash('sha256', STYLE, 'base64')}'`,
}
