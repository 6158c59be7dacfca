import { TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'

/** The library's batches behind a bound of ours: they have one too, but tell nobody how much they dropped. */
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

  /** Told of spans that have left the queue. */
  taken(spans: number): void {
    this.#queued -= spans
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown()
  }
}
