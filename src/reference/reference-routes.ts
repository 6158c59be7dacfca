import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Request, RequestHandler, Response, Router } from 'express'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { assetsSchema, named, sendAsset } from '../http/page-assets.ts'
import { PAGE_POLICY } from '../http/page-policy.ts'

const LANGUAGES = ['en', 'fa'] as const
export type Language = (typeof LANGUAGES)[number]

const referenceSchema = z.object({
  openapi: z.object({ en: z.string(), fa: z.string() }),
  /** HTML by name; '' is the start page. */
  pages: z.object({ en: named(z.string()), fa: named(z.string()) }),
  /** The files that the pages fetch. */
  assets: assetsSchema,
})
export type Reference = z.input<typeof referenceSchema>
type LoadedReference = z.output<typeof referenceSchema>

/** Written by the build into dist/. */
const BUILT = join(import.meta.dirname, '..', 'reference.json')
/** In a checkout there is no built file; the reference is then generated on first use. */
const GENERATOR = new URL('../../scripts/reference/reference.ts', import.meta.url)

/** Headers that the forms of the pages begin with. */
export type FormKeys = { 'x-api-key': string; 'x-access-token': string }

type ReferenceOptions = {
  access: RequestHandler
  /** Where the public routes are: an address, or a port beside the one of these pages; undefined when it is the same. */
  publicAt: () => string | number | undefined
  /** Of a gateway whose keys are made up; they are shown to this machine only. */
  formKeys: FormKeys | undefined
}

/** The API reference: for programs, and for people. */
export function referenceRoutes({ access, publicAt, formKeys }: ReferenceOptions): Router {
  const routes = createRouter().use(access)
  let loading: Promise<LoadedReference> | undefined
  const load = () => (loading ??= loadReference())

  const attributesFor = ({ socket }: Request) => {
    const at = publicAt()
    const isHere = LOOPBACK.has(socket.remoteAddress ?? '')
    return [
      ...(at === undefined
        ? []
        : [attribute(typeof at === 'number' ? 'data-public-port' : 'data-public-at', String(at))]),
      ...(formKeys !== undefined && isHere ? [attribute('data-form-keys', JSON.stringify(formKeys))] : []),
    ].join('')
  }

  routes.get('/openapi.json', async (request, response) => {
    const { openapi } = await load()
    const language = languageOf(request)
    setLanguage(response, language).set('content-type', 'application/json; charset=utf-8').end(openapi[language])
  })
  const sendPage = async (name: string, request: Request, response: Response) => {
    const language = languageOf(request)
    const page = (await load()).pages[language].get(name)
    if (page === undefined) throw new Fault('not_found', 'path: expected a page of the documentation')
    setLanguage(response, language)
      .set({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY })
      .end(page.replace(' data-origin=', (found) => ` ${attributesFor(request)}${found.trimStart()}`))
  }
  routes.get('/docs', (request, response) => sendPage('', request, response))
  routes.get('/docs/:page', (request, response) => sendPage(request.params.page, request, response))
  routes.get('/docs/assets/:file', async (request, response) => {
    sendAsset(response, (await load()).assets, request.params.file)
  })
  const methods = 'GET, HEAD'
  return routesOn(
    { '/openapi.json': methods, '/docs': methods, '/docs/:page': methods, '/docs/assets/:file': methods },
    routes,
  )
}

function setLanguage(response: Response, language: Language): Response {
  return response.set({ 'content-language': language, vary: 'Accept-Language' })
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

function attribute(name: string, value: string): string {
  return `${name}="${value.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)}" `
}

/** `?lang=`, otherwise Accept-Language. */
function languageOf(request: Request): Language {
  const asked = /[?&]lang=(en|fa)(?:&|$)/.exec(request.url)?.[1]
  return LANGUAGES.find((language) => language === (asked ?? request.acceptsLanguages(...LANGUAGES))) ?? 'en'
}

async function loadReference(): Promise<LoadedReference> {
  if (existsSync(BUILT)) return referenceSchema.parse(JSON.parse(await readFile(BUILT, 'utf8')))
  return z.object({ reference: referenceSchema }).parse(await import(GENERATOR.href)).reference
}
