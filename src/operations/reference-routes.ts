import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Router, type Request, type RequestHandler } from 'express'
import * as z from 'zod'
import type { CallerGate } from '../access/authenticate-caller.ts'
import { methodNotAllowed } from '../http/not-found.ts'

/** The languages that the documentation speaks. */
export const LANGUAGES = ['en', 'fa'] as const
export type Language = (typeof LANGUAGES)[number]

const inEachLanguage = z.object({ en: z.string(), fa: z.string() })
const referenceSchema = z.object({
  openapi: inEachLanguage,
  pages: inEachLanguage,
  /** The hash of the pages' only style sheet, as a source in a content security policy. */
  style: z.string(),
})
export type Reference = z.infer<typeof referenceSchema>

/** Written by the build, one folder above this file. */
const BUILT = join(import.meta.dirname, '..', 'reference.json')
/** A checkout has no built file: there the reference is made when it is first requested. */
const MAKER = new URL('../../scripts/reference/reference.ts', import.meta.url)

/**
 * The reference of the routes: for programs, and for people.
 * @param gate only on a port that is open to the internet
 */
export function referenceRoutes(gate: CallerGate | undefined): Router {
  const router = Router({ caseSensitive: true, strict: true })
  let loading: Promise<Reference> | undefined
  const answer =
    (
      write: (reference: Reference, language: Language) => { body: string; headers: Record<string, string> },
    ): RequestHandler =>
    async (request, response) => {
      gate?.(request)
      const language = languageOf(request)
      const { body, headers } = write(await (loading ??= loadReference()), language)
      response.set({ ...headers, 'content-language': language, vary: 'Accept-Language' }).end(body)
    }

  router.get(
    '/openapi.json',
    answer(({ openapi }, language) => ({
      body: openapi[language],
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })),
  )
  router.get(
    '/docs',
    answer(({ pages, style }, language) => ({
      body: pages[language],
      headers: {
        'content-type': 'text/html; charset=utf-8',
        // Nothing runs, nothing is fetched, and of styles only the page's own counts.
        'content-security-policy': `default-src 'none'; style-src ${style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      },
    })),
  )
  router.all(['/openapi.json', '/docs'], methodNotAllowed('GET, HEAD'))
  return router
}

/** `?lang=` says it; else whichever of the two the reader's browser likes better. */
function languageOf(request: Request): Language {
  const asked = /[?&]lang=(en|fa)(?:&|$)/.exec(request.url)?.[1]
  return LANGUAGES.find((language) => language === (asked ?? request.acceptsLanguages(...LANGUAGES))) ?? 'en'
}

async function loadReference(): Promise<Reference> {
  if (existsSync(BUILT)) return referenceSchema.parse(JSON.parse(await readFile(BUILT, 'utf8')))
  return z.object({ reference: referenceSchema }).parse(await import(MAKER.href)).reference
}
