import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace as api, type Context } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from '../observability/log.ts'
import type { SpanCounts, Spans } from '../observability/spans.ts'
import { flagsText, type Trace } from '../observability/trace.ts'
import { withTimeout } from '../base/timeout.ts'
import { createHost } from '../outbound/host.ts'
import { BoundedQueue, OtlpExporter } from './otlp-exporter.ts'

const CONNECT_MS = 2000
const MAX_QUEUED = 2048
const MAX_BATCH = 512
const EXPORT_EVERY_MS = 1000

export type Tracing = {
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
  const exporter = new OtlpExporter({
    path: `${url.pathname.replace(/\/+$/, '')}/v1/traces`,
    host,
    counts,
    onDequeued: (spans) => {
      queue.release(spans)
    },
    userAgent: `kenar-chat-gateway/${version}`,
    log,
  })
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MAX_QUEUED,
    maxExportBatchSize: MAX_BATCH,
    scheduledDelayMillis: EXPORT_EVERY_MS,
  })
  const queue = new BoundedQueue(batches, MAX_QUEUED, () => {
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
      const flushed = async () => {
        await queue.forceFlush()
        await exporter.idle()
      }
      await withTimeout(Math.max(ms, 0), flushed())
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
