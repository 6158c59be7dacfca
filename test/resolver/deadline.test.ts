import { expect, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { newTrace } from '../../src/observability/trace.ts'
import type { Click } from '../../src/click/click.ts'
import { createResolve } from '../../src/resolver/resolve.ts'

const click: Click = { id: 'clk_1', wire: 'v2', data: {}, returnUrl: 'https://divar.ir/', extra: {} }

/** A resolver that looks at its signal, and never answers. */
function neverAnswered(timeoutMs: number, shutdown = new AbortController().signal) {
  const seen: AbortSignal[] = []
  const resolve = createResolve({
    resolver: (_, { controller }) => {
      seen.push(controller.signal)
      return new Promise(() => undefined)
    },
    timeoutMs,
    policy: {},
    shutdownSignal: shutdown,
  })
  const resolving = resolve(click, { log: createLogger('silent'), requestId: 'req_1', trace: newTrace() })
  return { resolving, aborted: () => seen.map((signal) => signal.aborted) }
}

test('a resolver that misses its deadline is aborted through its signal', async () => {
  const { resolving, aborted } = neverAnswered(1)
  await expect(resolving).rejects.toThrow('the resolver missed its deadline of 1 ms')
  expect(aborted()).toEqual([true])
})

test.each(['before', 'while'])('a stop that comes %s a resolver runs does not wait for its deadline', async (when) => {
  const shutdown = new AbortController()
  if (when === 'before') shutdown.abort()
  // Longer than a test lasts.
  const { resolving, aborted } = neverAnswered(600_000, shutdown.signal)
  const ended = expect(resolving).rejects.toThrow('the process ended before the resolver answered')
  expect(aborted()).toEqual([when === 'before'])
  shutdown.abort()
  await ended
  expect(aborted()).toEqual([true])
})
