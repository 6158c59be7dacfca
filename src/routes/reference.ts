import { Router, type Request, type RequestHandler } from 'express'
import type { CallerGate } from '../access/caller-gate.ts'
import { methodNotAllowed } from '../http/endings.ts'

/** The languages that the documentation speaks. */
export const LANGUAGES = ['en', 'fa'] as const
export type Language = (typeof LANGUAGES)[number]

/** What there is to read about the routes. */
export type Reference = {
  openapi: Record<Language, string>
  pages: Record<Language, string>
  /** The only style that the pages may have, as a source of a content security policy. */
  style: string
}

export type ReferenceOptions = {
  /** On a port that the internet sees; on one of their own these are open. */
  gate: CallerGate | undefined
  /** Asked once, with the first question. */
  load: () => Promise<Reference>
}

/** The routes described: for programs, and for people. */
export function referenceRoutes({ gate, load }: ReferenceOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  let loading: Promise<Reference> | undefined
  const answer =
    (
      write: (reference: Reference, language: Language) => { body: string; headers: Record<string, string> },
    ): RequestHandler =>
    async (request, response) => {
      gate?.(request)
      const language = languageOf(request)
      const { body, headers } = write(await (loading ??= load()), language)
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
