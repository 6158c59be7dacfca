import * as z from 'zod'
import { environment, type Environment } from '../support/environment.ts'
import { ownSqlite } from '../support/databases.ts'
import { spawnGateway } from '../support/gateway.ts'
import { answerJson, startService, startTakingPlatform } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'
import { rawClick, Wire } from '../support/wire.ts'
import { ALLOWED, HOSTILE_LANDINGS, SOUND_LANDINGS } from './landing-payloads.ts'

/** A resolver that answers hostile addresses; the landing in the answer is parsed as a browser would. */

const FALLBACK = `${ALLOWED}/sorry`
/** The page on which a browser follows the address. */
const PAGE = 'https://divar.ir/chat'
// eslint-disable-next-line no-control-regex -- the pattern looks for them
const UNSAFE = /[\u0000-\u0020\u007f\\]/

const clickSchema = z.object({ post_token: z.string() })
const replySchema = z.strictObject({ status: z.string(), message: z.string(), url: z.string() })

export async function proveLandings(suite: Suite): Promise<void> {
  const landings = [...SOUND_LANDINGS, ...HOSTILE_LANDINGS]
  const service = await startService(suite, ({ body }, response) => {
    const [member, index] = clickSchema.parse(JSON.parse(body)).post_token.split('-')
    const landing = landings[Number(index)] ?? ''
    answerJson(response, member === 'url' ? { url: landing } : { url: `${ALLOWED}/`, on_denied: landing, scopes: [] })
  })
  const variables = {
    RESOLVER: 'forward',
    RESOLVER_URL: `${service.url}/resolve`,
    RESOLVER_SECRET: 'prove-resolver-secret',
    LANDING_ALLOWED_ORIGINS: ALLOWED,
  }
  const platform = await startTakingPlatform(suite)
  await prove(suite, landings, environment(platform, ownSqlite(suite.folder).url, variables))
  await prove(
    suite,
    landings,
    environment(platform, ownSqlite(suite.folder).url, { ...variables, FALLBACK_LANDING_URL: FALLBACK }),
  )
}

async function prove(suite: Suite, landings: readonly string[], variables: Environment): Promise<void> {
  const { report } = suite
  const hasFallback = 'FALLBACK_LANDING_URL' in variables
  suite.step(`landings ${hasFallback ? 'with' : 'without'} a fallback`)
  const gateway = spawnGateway(suite, variables)
  const { port } = await gateway.ready
  const found = {
    came: 0,
    refused: 0,
    astray: new Array<string>(),
    taken: new Array<string>(),
    lost: new Array<string>(),
  }
  let wire = await Wire.open(port)
  for (const member of ['url', 'denied']) {
    for (const [index, landing] of landings.entries()) {
      if (!wire.isUsable) wire = await Wire.open(port)
      const answer = await wire.ask(
        rawClick(JSON.stringify({ post_token: `${member}-${index}`, user_id: 'u', peer_id: 'q' })),
      )
      const { url } = replySchema.parse(JSON.parse(answer?.body ?? '{}'))
      const isRefused = hasFallback ? url === FALLBACK : answer?.status === 500 && url === ''
      const isSound = index < SOUND_LANDINGS.length || (member === 'denied' && landing === '')
      if (isRefused) found.refused += 1
      else found.came += 1
      if (isSound && isRefused) found.lost.push(landing)
      if (!isSound && !isRefused) found.taken.push(landing)
      if (url !== '' && !staysInside(url)) found.astray.push(landing)
    }
  }
  wire.close()
  await gateway.stop()

  report.section(
    `landings: ${HOSTILE_LANDINGS.length} hostile and ${SOUND_LANDINGS.length} sound ones, as url and as on_denied, ${hasFallback ? 'with' : 'without'} a fallback`,
  )
  report.figure('came through', found.came)
  report.figure(hasFallback ? 'answered the fallback' : 'answered 500 and no address', found.refused)
  report.none('led outside the allowed origin', found.astray.length)
  report.none('hostile, and taken all the same', found.taken.length)
  report.none('sound, and not taken', found.lost.length)
  for (const landing of new Set([...found.astray, ...found.taken, ...found.lost]))
    report.figure(`  ${JSON.stringify(landing).slice(0, 80)}`, '')
}

/** As a browser reads it, from the page that it is on. */
function staysInside(url: string): boolean {
  return !UNSAFE.test(url) && URL.parse(url, PAGE)?.origin === ALLOWED && URL.parse(url)?.href === url
}
