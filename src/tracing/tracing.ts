import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace as api, type Context } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from '../observability/log.ts'
import type { SpanFigures, Spans } from '../observability/spans.ts'
import { flagsText, type Trace } from '../observability/trace.ts'
import { withTimeout } from '../base/timeout.ts'
import { createHost } from '../outbound/host.ts'
import { BoundedQueue } from './bounded-queue.ts'
import { Collector } from './collector.ts'

const CONNECT_MS = 2000
const MAX_QUEUED = 2048
const MAX_BATCH = 512
const EXPORT_EVERY_MS = 1000

export type Tracing = {
  spans: Spans
  figures: SpanFigures
  /** Sends what is queued, for no longer than this many milliseconds. */
  close: (ms: number) => Promise<void>
}

/**
 * Spans to an OpenTelemetry collector. This folder alone knows its packages, and is loaded only where a collector is named.
 * @param url `/v1/traces` is put behind its path
 */
export function openTracing(url: URL, version: string, log: Logger): Tracing {
  const figures: SpanFigures = { ended: { exported: 0, dropped: 0, failed: 0 } }
  const host = createHost(url.origin, CONNECT_MS)
  const collector = new Collector({
    path: `${url.pathname.replace(/\/+$/, '')}/v1/traces`,
    host,
    figures,
    onTaken: (spans) => {
      queue.taken(spans)
    },
    userAgent: `kenar-chat-gateway/${version}`,
    log,
  })
  const batches = new BatchSpanProcessor({
    exporter: collector,
    maxQueueSize: MAX_QUEUED,
    maxExportBatchSize: MAX_BATCH,
    scheduledDelayMillis: EXPORT_EVERY_MS,
  })
  const queue = new BoundedQueue(batches, MAX_QUEUED, () => {
    figures.ended.dropped += 1
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'kenar-chat-gateway', 'service.version': version }),
    spanProcessors: [queue],
  })
  return {
    spans: spansOf(provider),
    figures,
    close: async (ms) => {
      const flushed = async () => {
        await queue.forceFlush()
        await collector.idle()
      }
      await withTimeout(Math.max(ms, 0), flushed())
      // What is still under way settles as failed.
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

/** A trace that nobody's span is behind yet begins here, and is always sampled; others as whoever began them decided. */
function contextOf({ traceId, spanId, flags }: Trace): Context {
  return spanId === undefined
    ? ROOT_CONTEXT
    : api.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true })
}
