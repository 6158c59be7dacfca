/**
 * What runs with the gateway, as CycloneDX on stdout: all that `npm sbom` finds, less what is for developers. Its own `--omit dev` leaves out
 * whatever developers' packages need too, a third of what runs.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'

const ROOT = join(import.meta.dirname, '..')
const MAX_BYTES = 2 ** 26
const DEVELOPMENT = 'cdx:npm:package:development'

const component = z.looseObject({
  'bom-ref': z.string(),
  properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
})
const bomSchema = z.looseObject({
  metadata: z.looseObject({ component: z.looseObject({ name: z.string() }) }),
  components: z.array(component),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
})

const { name } = z.object({ name: z.string() }).parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))
const bom = bomSchema.parse(JSON.parse(npmSbom()))
const dropped = new Set(bom.components.filter(isForDevelopers).map((one) => one['bom-ref']))
const runs = (ref: string) => !dropped.has(ref)
const shown = {
  ...bom,
  // npm takes the name of the folder.
  metadata: { ...bom.metadata, component: { ...bom.metadata.component, name } },
  components: bom.components.filter((one) => runs(one['bom-ref'])),
  dependencies: bom.dependencies
    .filter(({ ref }) => runs(ref))
    .map((one) => ({ ...one, dependsOn: one.dependsOn.filter(runs) })),
}
process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`)

/** From the lock file alone, so that what happens to be installed does not matter. */
function npmSbom(): string {
  const options = ['--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application']
  return execFileSync('npm', ['sbom', ...options], { cwd: ROOT, encoding: 'utf8', maxBuffer: MAX_BYTES })
}

function isForDevelopers({ properties }: z.infer<typeof component>): boolean {
  return properties.some((property) => property.name === DEVELOPMENT && property.value === 'true')
}
