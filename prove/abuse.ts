import { proveBodies } from './abuse/bodies.ts'
import { proveCanaries } from './abuse/canaries.ts'
import { proveLandings } from './abuse/landings.ts'
import { proveResolvers } from './abuse/resolvers.ts'
import { proveSlow } from './abuse/slow.ts'
import { proveSmuggling } from './abuse/smuggling.ts'
import { proveSsrf } from './abuse/ssrf.ts'
import { proveTiming } from './abuse/timing.ts'
import { runSuite } from './support/suite.ts'

/** Hostile clients, apps and resolvers; one part alone with --part. */

const PARTS = {
  bodies: proveBodies,
  smuggling: proveSmuggling,
  slow: proveSlow,
  landings: proveLandings,
  ssrf: proveSsrf,
  timing: proveTiming,
  canaries: proveCanaries,
  resolvers: proveResolvers,
}
/** These measure memory, latency and time differences, which a short run beside another suite cannot. */
const ONLY_FULL = ['bodies', 'slow', 'timing', 'resolvers']

await runSuite('abuse', { shortS: 240, fullS: 7200 }, async (suite) => {
  const chosen = Object.entries(PARTS).filter(([name]) =>
    suite.part === undefined ? !suite.short || !ONLY_FULL.includes(name) : suite.part === name,
  )
  if (chosen.length === 0) throw new Error(`--part is one of ${Object.keys(PARTS).join(', ')}`)
  for (const [, prove] of chosen) await prove(suite)
})
