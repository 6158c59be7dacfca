import { Option, type Command } from 'commander'
import * as z from 'zod'
import { TOO_MANY_WRONG_KEYS, type CheckedGateway, type Finding } from './doctor-check.ts'
import { CHECKS } from './doctor-checks.ts'
import { EXIT, type ExitCode } from './io.ts'
import { paint, type Output } from './output.ts'
import { Target } from './target.ts'
import { SESSION_PATH } from './trigger.ts'

const options = z.object({
  url: z.string(),
  key: z.string().min(1).optional(),
  internalUrl: z.string().optional(),
  internalKey: z.string().min(1).optional(),
  json: z.boolean().optional(),
})

export function registerDoctor(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('doctor')
    .description(
      'check that a running gateway refuses wrong keys, bad bodies and unknown versions, and that no subscription has failed',
    )
    .option('--url <address>', 'the gateway', 'http://127.0.0.1:3000')
    .addOption(
      new Option('--key <key>', "Divar's identification key; without it half of the checks are skipped").env(
        'DIVAR_IDENTIFICATION_KEY',
      ),
    )
    .option('--internal-url <address>', 'its INTERNAL_PORT, if it has one')
    .addOption(
      new Option('--internal-key <key>', 'a key of INTERNAL_API_KEYS, to check the subscriptions').env(
        'KENAR_INTERNAL_KEY',
      ),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway doctor --url https://kenar.example.com\n')
    .action(async (given: unknown) => {
      const { url, key, internalUrl, internalKey, json } = options.parse(given)
      const target = new Target(url)
      const sessionUrl = target.route(SESSION_PATH)
      const internal = {
        target: internalUrl === undefined ? target : new Target(internalUrl),
        ...(internalKey !== undefined && { key: internalKey }),
      }
      const findings = await runChecks({ target, sessionUrl, internal, ...(key !== undefined && { key }) })
      if (json) output.json(findings)
      else print(output, findings)
      end(findings.some(({ verdict }) => verdict === 'failed') ? EXIT.wrong : EXIT.ok)
    })
}

/** Runs every possible check, one after the other, so that the load on the gateway stays small. */
async function runChecks(gateway: CheckedGateway): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { name, needsKey, run } of CHECKS) {
    if (needsKey && gateway.key === undefined) {
      findings.push({ name, verdict: 'skipped', detail: 'it needs --key' })
      continue
    }
    const detail = await run(gateway)
    if (detail === undefined) findings.push({ name, verdict: 'ok' })
    else if (typeof detail === 'object') findings.push({ name, ...detail })
    else findings.push({ name, verdict: detail === TOO_MANY_WRONG_KEYS ? 'skipped' : 'failed', detail })
  }
  return findings
}

const COLOURS = { ok: 'green', failed: 'red', skipped: 'yellow' } as const

function print({ out }: Output, findings: Finding[]): void {
  for (const { name, verdict, detail } of findings) {
    const word = verdict === 'failed' ? 'FAILED' : verdict
    out([paint(COLOURS[verdict], word.padEnd(7)), ` ${name}${detail === undefined ? '' : `: ${detail}`}`])
  }
  const count = (verdict: Finding['verdict']) => findings.filter((one) => one.verdict === verdict).length
  out(`${count('ok')} ok, ${count('failed')} failed, ${count('skipped')} skipped`)
}
