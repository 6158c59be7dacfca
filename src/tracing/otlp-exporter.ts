import { TraceFlags } from '@opentelemetry/api'
import { ExportResultCode } from '@opentelemetry/core'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Logger } from '../observability/log.ts'
import type { SpanCounts } from '../observability/spans.ts'
import type { Host } from '../outbound/host.ts'

const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024

export type ExporterOptions = {
  path: string
  host: Pick<Host, 'send'>
  counts: SpanCounts
  /** Called with the number of spans that have left the queue. */
  onDequeued: (spans: number) => void
  userAgent: string
  log: Logger
}

/** Exports spans as OTLP JSON over HTTP, through the gateway's own HTTP client. A batch that fails is counted and dropped, never retried. */
export class OtlpExporter implements SpanExporter {
  readonly #options: ExporterOptions
  readonly #running = new Set<Promise<void>>()
  #isFailing = false

  constructor(options: ExporterOptions) {
    this.#options = options
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    const { counts, onDequeued } = this.#options
    onDequeued(spans.length)
    const running = this.#send(spans).then((failure) => {
      this.#running.delete(running)
      counts[failure === undefined ? 'exported' : 'failed'] += spans.length
      this.#logChange(failure)
      // Failures are handled here, not by the library.
      done({ code: ExportResultCode.SUCCESS })
    })
    this.#running.add(running)
  }

  /** Resolves once no batch is being sent. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  shutdown(): Promise<void> {
    return this.idle()
  }

  /** Resolves to the reason of a failure; never rejects. */
  async #send(spans: ReadableSpan[]): Promise<string | undefined> {
    const { path, host, userAgent } = this.#options
    const body = new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans))
    const headers = { 'content-type': 'application/json', 'user-agent': userAgent }
    const exchange = await host.send({ path, headers, body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES })
    if (exchange.kind === 'failed') return exchange.reason
    return exchange.status >= 200 && exchange.status < 300 ? undefined : `status ${exchange.status}`
  }

  /** Logs the first failure, and the first success after failures. */
  #logChange(failure: string | undefined): void {
    const { log } = this.#options
    const wasFailing = this.#isFailing
    this.#isFailing = failure !== undefined
    if (failure !== undefined && !wasFailing) log.warn({ event: 'spans.not_exported', reason: failure })
    if (failure === undefined && wasFailing) log.info({ event: 'spans.exported' })
  }
}

/** Bounds the library's batch processor, whose own bound does not report how many spans it dropped. */
export class BoundedQueue implements SpanProcessor {
  readonly #batches: SpanProcessor
  readonly #limit: number
  readonly #onDropped: () => void
  #queued = 0

  constructor(batches: SpanProcessor, limit: number, onDropped: () => void) {
    this.#batches = batches
    this.#limit = limit
    this.#onDropped = onDropped
  }

  onStart(...begun: Parameters<SpanProcessor['onStart']>): void {
    this.#batches.onStart(...begun)
  }

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
    if (this.#queued >= this.#limit) {
      this.#onDropped()
      return
    }
    this.#queued += 1
    this.#batches.onEnd(span)
  }

  /** Call when spans have left the queue. */
  release(spans: number): void {
    this.#queued -= spans
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown()
  }
}
