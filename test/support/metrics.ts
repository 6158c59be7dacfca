import supertest from 'supertest'
import { KEYS, type TestGateway } from './gateway.ts'

/** What a gateway answers Prometheus. */
export async function metricsOf(gateway: Pick<TestGateway, 'internalUrl'>): Promise<string> {
  const { text } = await supertest(gateway.internalUrl).get('/metrics').set('x-api-key', KEYS.caller).expect(200)
  return text
}

/** The lines of series, by name and labels. */
export function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

/** The names of the metrics, with those that a histogram spreads over. */
export function namesOf(text: string): Set<string> {
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
}
