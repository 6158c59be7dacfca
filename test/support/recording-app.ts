import { createServer, type IncomingHttpHeaders } from 'node:http'
import * as z from 'zod'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { originOf } from './listen.ts'
import { afterAll } from '@jest/globals'
import { KEYS } from './gateway.ts'

const running: Simulator[] = []
afterAll(() => Promise.all(running.map((simulator) => simulator.close())))

type Call = { path: string; headers: IncomingHttpHeaders; body: Record<string, unknown> }
type Answer = { status?: number; body?: unknown }

export type RecordingApp = {
  simulator: Simulator
  /** What the simulator asked of the app, in order. */
  calls: Call[]
  /** Resolves once the app has been called this often. */
  called: (count: number) => Promise<Call[]>
  /** Uses a control route. */
  control: (path: string, body?: unknown, method?: string) => Promise<{ status: number; body: unknown }>
}

/** A strict simulator whose app records each call and answers what `answer` returns. */
export async function startRecordingApp(
  answer: (call: Call) => Answer = () => ({ body: {} }),
  options: Partial<SimulatorOptions> = {},
): Promise<RecordingApp> {
  const calls: Call[] = []
  const waiting = new Set<() => void>()
  const origin = await originOf(
    createServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
      request.on('end', () => {
        const body = z.record(z.string(), z.unknown()).parse(JSON.parse(text))
        const call = { path: request.url ?? '', headers: request.headers, body }
        calls.push(call)
        for (const tell of waiting) tell()
        const { status = 200, body: answered } = answer(call)
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(answered === undefined ? '' : JSON.stringify(answered))
      })
    }),
  )
  const simulator = await startSimulator({
    apiKey: KEYS.divarApi,
    identificationKey: KEYS.identification,
    sessionUrl: `${origin}/divar/session`,
    checks: 'strict',
    ...options,
  })
  running.push(simulator)
  const called = (count: number) =>
    new Promise<Call[]>((resolve) => {
      const tell = () => {
        if (calls.length < count) return
        waiting.delete(tell)
        resolve(calls)
      }
      waiting.add(tell)
      tell()
    })
  const control = async (path: string, body?: unknown, method = 'POST') => {
    const response = await fetch(`${simulator.url}/simulator/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answered: unknown = await response.json()
    return { status: response.status, body: answered }
  }
  return { simulator, calls, called, control }
}
