import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace as api, TraceFlags, type Context } from '@opentelemetry/api'
import { ExportResultCode } from '@opentelemetry/core'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import { pathBelow } from '../base/address.ts'
import { withTimeout } from '../base/timeout.ts'
import type { Logger } from '../observability/log.ts'
import { type SpanCounts, type Spans, flagsText, type Trace } from '../observability/trace.ts'
import type { Exchange } from '../outbound/exchange.ts'
import { createHost } from '../outbound/host.ts'

const CONNECT_MS = 2000
const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_QUEUED = 2048
const MAX_BATCH = 512
const EXPORT_EVERY_MS = 1000

type Tracing = {
  spans: Spans
  counts: SpanCounts
  /** Sends what is queued, for at most `ms` milliseconds. */
  close: (ms: number) => Promise<void>
}

/**
 * Exports spans to an OpenTelemetry collector. Only this folder imports its packages; it is loaded only when a collector is configured.
 * @param url `/v1/traces` is appended to its path
 */
export function openTracing(url: URL, version: string, log: Logger): Tracing {
  const counts: SpanCounts = { exported: 0, dropped: 0, failed: 0 }
  const host = createHost(url.origin, CONNECT_MS)
  const path = pathBelow(url, '/v1/traces')
  const headers = { 'content-type': 'application/json', 'user-agent': `kenar-chat-gateway/${version}` }
  const exporter = new OtlpExporter({
    post: (body) => host.send({ path, headers, body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES }),
    counts,
    onDequeued: (spans) => {
      queue.release(spans)
    },
    log,
  })
  const queue = new BoundedQueue(exporter, () => {
    counts.dropped += 1
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'kenar-chat-gateway', 'service.version': version }),
    spanProcessors: [queue],
  })
  return {
    spans: spansOf(provider),
    counts,
    close: async (ms) => {
      const flushed = queue.forceFlush().then(() => exporter.shutdown())
      await withTimeout(Math.max(ms, 0), flushed)
      // Batches that are still being sent count as failed.
      await host.destroy()
      await queue.shutdown()
    },
  }
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL }

function spansOf(provider: TracerProvider): Spans {
  const tracer = provider.getTracer('kenar-chat-gateway')
  return {
    begin: (kind, begunAs, received) => {
      const span = tracer.startSpan(begunAs, { kind: KINDS[kind] }, contextOf(received))
      const { traceId, spanId, traceFlags } = span.spanContext()
      return {
        trace: { traceId, spanId, flags: flagsText(traceFlags), state: received.state },
        end: ({ name, attributes, failed }) => {
          if (name !== undefined) span.updateName(name)
          span.setAttributes(attributes)
          if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
          span.end()
        },
      }
    },
  }
}

/** A trace that begins here is always sampled; otherwise the caller's flag decides. */
function contextOf({ traceId, spanId, flags }: Trace): Context {
  return spanId === undefined
    ? ROOT_CONTEXT
    : api.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true })
}

type ExporterOptions = {
  post: (body: string) => Promise<Exchange>
  counts: SpanCounts
  /** Called with the number of spans that have left the queue. */
  onDequeued: (spans: number) => void
  log: Logger
}

/** Exports spans as OTLP JSON over HTTP, through the gateway's own HTTP client. A batch that fails is counted and dropped, never retried. */
class OtlpExporter implements SpanExporter {
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
  async shutdown(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Resolves to the reason of a failure; never rejects. */
  async #send(spans: ReadableSpan[]): Promise<string | undefined> {
    const body = new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans))
    const exchange = await this.#options.post(body)
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
class BoundedQueue extends BatchSpanProcessor {
  readonly #onDropped: () => void
  #queued = 0

  constructor(exporter: SpanExporter, onDropped: () => void) {
    super({
      exporter,
      maxQueueSize: MAX_QUEUED,
      maxExportBatchSize: MAX_BATCH,
      scheduledDelayMillis: EXPORT_EVERY_MS,
    })
    this.#onDropped = onDropped
  }

  override onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
    if (this.#queued >= MAX_QUEUED) {
      this.#onDropped()
      return
    }
    this.#queued += 1
    super.onEnd(span)
  }

  /** Call when spans have left the queue. */
  release(spans: number): void {
    this.#queued -= spans
  }
}
