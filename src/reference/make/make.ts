import { hash } from 'node:crypto'
import { VERSION } from '../../base/version.ts'
import type { Reference } from '../../routes/reference.ts'
import { describeApi } from './document.ts'
import { renderPage } from './page.ts'
import { STYLE } from './style.ts'

/** Makes all there is to read, from the schemas and from docs/. */
export function makeReference(): Reference {
  const documents = { en: describeApi(VERSION, 'en'), fa: describeApi(VERSION, 'fa') }
  return {
    openapi: { en: JSON.stringify(documents.en), fa: JSON.stringify(documents.fa) },
    pages: { en: renderPage(documents.en, 'en'), fa: renderPage(documents.fa, 'fa') },
    style: `'sha256-${hash('sha256', STYLE, 'base64')}'`,
  }
}
