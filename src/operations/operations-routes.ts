import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Request, RequestHandler, Router } from 'express'
import * as z from 'zod'
import { createRouter, routesOn } from '../http/app.ts'
import { createRegistry, type Metric } from '../observability/metrics.ts'

type HealthOptions = {
  isDraining: () => boolean
  /** Undefined without a store. */
  isStoreUp: (() => boolean) | undefined
}

/**
 * Liveness and readiness. A gateway is ready unless it drains. An unavailable store does not make it unready: most clicks need no store, and all replicas
 * share one, so a load balancer would remove them all.
 */
export function healthRoutes({ isDraining, isStoreUp }: HealthOptions): Router {
  const routes = createRouter()
  routes.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  routes.get('/readyz', (_request, response) => {
    if (isDraining()) response.status(503).json({ status: 'draining' })
    else response.json({ status: 'ready', ...(isStoreUp && { store: isStoreUp() ? 'ok' : 'away' }) })
  })
  return routesOn({ '/healthz': 'GET, HEAD', '/readyz': 'GET, HEAD' }, routes)
}

/** Metrics for Prometheus. */
export function metricsRoutes(access: RequestHandler, metrics: readonly Metric[]): Router {
  const routes = createRouter().use(access)
  let loading: ReturnType<typeof createRegistry> | undefined
  routes.get('/metrics', async (_request, response) => {
    const { contentType, write } = await (loading ??= createRegistry(metrics))
    response.set('content-type', contentType).end(await write())
  })
  return routesOn({ '/metrics': 'GET, HEAD' }, routes)
}

const LANGUAGES = ['en', 'fa'] as const
export type Language = (typeof LANGUAGES)[number]

const inEachLanguage = z.object({ en: z.string(), fa: z.string() })
const referenceSchema = z.object({
  openapi: inEachLanguage,
  pages: inEachLanguage,
  /** The hash of the pages' only style sheet, as a source in a content security policy. */
  style: z.string(),
})
export type Reference = z.infer<typeof referenceSchema>

/** Written by the build into dist/. */
const BUILT = join(import.meta.dirname, '..', 'reference.json')
/** In a checkout there is no built file; the reference is then generated on first use. */
const GENERATOR = new URL('../../scripts/reference/reference.ts', import.meta.url)

/** The API reference: for programs, and for people. */
export function referenceRoutes(access: RequestHandler): Router {
  const routes = createRouter().use(access)
  let loading: Promise<Reference> | undefined
  const answer =
    (
      write: (reference: Reference, language: Language) => { body: string; headers: Record<string, string> },
    ): RequestHandler =>
    async (request, response) => {
      const language = languageOf(request)
      const { body, headers } = write(await (loading ??= loadReference()), language)
      response.set({ ...headers, 'content-language': language, vary: 'Accept-Language' }).end(body)
    }

  routes.get(
    '/openapi.json',
    answer(({ openapi }, language) => ({
      body: openapi[language],
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })),
  )
  routes.get(
    '/docs',
    answer(({ pages, style }, language) => ({
      body: pages[language],
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; style-src ${style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      },
    })),
  )
  return routesOn({ '/openapi.json': 'GET, HEAD', '/docs': 'GET, HEAD' }, routes)
}

/** `?lang=`, otherwise Accept-Language. */
function languageOf(request: Request): Language {
  const asked = /[?&]lang=(en|fa)(?:&|$)/.exec(request.url)?.[1]
  return LANGUAGES.find((language) => language === (asked ?? request.acceptsLanguages(...LANGUAGES))) ?? 'en'
}

async function loadReference(): Promise<Reference> {
  if (existsSync(BUILT)) return referenceSchema.parse(JSON.parse(await readFile(BUILT, 'utf8')))
  return z.object({ reference: referenceSchema }).parse(await import(GENERATOR.href)).reference
}
