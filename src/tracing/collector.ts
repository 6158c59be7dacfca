import { ExportResultCode } from '@opentelemetry/core'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from '../observability/log.ts'
import type { SpanFigures } from '../observability/spans.ts'
import type { Host } from '../outbound/host.ts'

const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024

export type CollectorOptions = {
  path: string
  host: Pick<Host, 'send'>
  figures: SpanFigures
  /** Told how many spans have left the queue. */
  onTaken: (spans: number) => void
  userAgent: string
  log: Logger
}

/**
 * The way of spans to a collector: OTLP over HTTP, as JSON. It goes out as all our calls do, with a deadline and without redirects. A batch that
 * is not taken is counted and dropped: spans tell of the past, and must never cost the present.
 */
export class Collector implements SpanExporter {
  readonly #options: CollectorOptions
  readonly #running = new Set<Promise<void>>()
  #isAway = false

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    const { figures, onTaken } = this.#options
    onTaken(spans.length)
    const running = this.#send(spans).then((failure) => {
      this.#running.delete(running)
      figures.ended[failure === undefined ? 'exported' : 'failed'] += spans.length
      this.#tell(failure)
      // What it would do about a failure is ours, and done.
      done({ code: ExportResultCode.SUCCESS })
    })
    this.#running.add(running)
  }

  /** Resolves once no batch is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  shutdown(): Promise<void> {
    return this.idle()
  }

  /** Why it was not taken, if so; never rejects. */
  async #send(spans: ReadableSpan[]): Promise<string | undefined> {
    const { path, host, userAgent } = this.#options
    const body = new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans))
    const headers = { 'content-type': 'application/json', 'user-agent': userAgent }
    const exchange = await host.send({ path, headers, body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES })
    if (exchange.kind === 'failed') return exchange.reason
    return exchange.status >= 200 && exchange.status < 300 ? undefined : `status ${exchange.status}`
  }

  /** Once when it goes, once when it is back. */
  #tell(failure: string | undefined): void {
    const { log } = this.#options
    const wasAway = this.#isAway
    this.#isAway = failure !== undefined
    if (failure !== undefined && !wasAway) log.warn({ event: 'spans.not_exported', reason: failure })
    if (failure === undefined && wasAway) log.info({ event: 'spans.exported' })
  }
}
