import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePorts } from './ask.ts'
import type { ImageConfig } from './buildah.ts'
import { lastWords, startContainer, stopContainer, type Container, type Tools, type Volume } from './container.ts'
import { CheckFailure, end, within } from './process.ts'
import { expect, say } from './report.ts'

const FIRST_ANSWER_DEADLINE_MS = 20_000
const STOP_DEADLINE_MS = 15_000
const POLL_MS = 5

export const DIVAR_KEY = 'image check key'
export const CALLER_KEY = '0123456789abcdef'

/** The image, opened, and what runs it. */
export type Rig = { tools: Tools; tree: string; image: ImageConfig }

/** A container that answers. */
type Alive = { container: Container; port: number; closedPort: number }

type LifeOptions = {
  /** Said behind its first answer. */
  note?: string
  variables?: Record<string, string>
  volume?: Volume
}

/** One life of a container: it is started, answers, is checked, ends on SIGTERM. Nothing that it does reaches Divar. */
export async function live<T>(rig: Rig, options: LifeOptions, check: (alive: Alive) => Promise<T>): Promise<T> {
  const { tools, tree, image } = rig
  const [port, closedPort] = await findFreePorts()
  const nowhere = `http://127.0.0.1:${closedPort}`
  const variables = {
    DIVAR_IDENTIFICATION_KEY: DIVAR_KEY,
    DIVAR_API_KEY: 'x-api',
    DIVAR_API_URL: nowhere,
    DIVAR_V1_API_URL: nowhere,
    INTERNAL_API_KEYS: `check:${CALLER_KEY}`,
    RESOLVER: 'template',
    LANDING_URL_TEMPLATE: 'https://app.example.com/start{?post_token}',
    HOST: '127.0.0.1',
    PORT: String(port),
    ...options.variables,
  }
  const began = performance.now()
  const container = await startContainer(tools, tree, image, variables, options.volume)
  try {
    const waiting = new AbortController()
    await within(FIRST_ANSWER_DEADLINE_MS, 'first answer', firstAnswer(container, port, waiting.signal)).finally(() => {
      waiting.abort()
    })
    say(`ok: first answer ${Math.round(performance.now() - began)} ms after the start${options.note ?? ''}`)
    const found = await check({ container, port, closedPort })
    const { code, signal } = await stopContainer(container, STOP_DEADLINE_MS)
    expect(code === 0, `SIGTERM ended it with ${code ?? signal ?? 'nothing'}, not with 0`)
    say('ok: SIGTERM ends it with 0')
    return found
  } catch (error) {
    say(`The program's last words:\n${lastWords(container)}`)
    throw error
  } finally {
    await end(container.running, false)
  }
}

async function firstAnswer(container: Container, port: number, given: AbortSignal): Promise<void> {
  while (!given.aborted) {
    if (container.running.hasEnded()) {
      const { code, signal } = await container.running.ended
      throw new CheckFailure(`the program ended with ${code ?? signal ?? 'nothing'} before its first answer`)
    }
    try {
      await (await fetch(`http://127.0.0.1:${port}/healthz`, { signal: given })).text()
      return
    } catch {
      await sleep(POLL_MS)
    }
  }
}
