import { createLogger, describeError, type Logger } from '../observability/log.ts'
import { openStandardOutput, type StandardOutput } from '../observability/standard-output.ts'
import { VERSION } from '../base/version.ts'
import { withTimeout } from '../base/timeout.ts'
import { ConfigError, readConfig, type Config } from '../config/config.ts'
import { describeConfig } from '../config/describe-config.ts'
import { startGateway, type Gateway } from './gateway.ts'
import { ResolverSetupError } from '../resolver/resolver.ts'
import { StoreError, StoreSetupError } from '../store/store.ts'

/** After SHUTDOWN_GRACE_MS, to commit aborted work and close the store. */
const CLOSE_MS = 1000
/** After that, to flush the log. */
const LAST_LINES_MS = 700
/** npm and terminals may send the same signal twice in quick succession. */
const SECOND_SIGNAL_AFTER_MS = 1000
const SUSPECT =
  'quotes or invisible characters around a value count as part of it; they are probably not part of the key'

type Process = { config: Config; log: Logger; output: StandardOutput }

/** Runs the gateway as the whole of this process: configuration, start, signals, exit codes. */
export function run(): void {
  // Without a listener a failed write to standard output would end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const config = configure()
  const output = openStandardOutput((lost) => {
    log.warn({ event: 'log.lines_lost', ...lost })
  })
  const log = createLogger(config.logLevel, output)
  const parts = { config, log, output }
  // Unhandled rejections arrive here too.
  process.on('uncaughtException', (error) => {
    log.fatal({ event: 'gateway.crashed', ...describeError(error) })
    void exit(1, output)
  })
  stopOnSignal(start(parts), parts)
}

function configure(): Config {
  try {
    return readConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { errors } = error
    process.stderr.write(
      `The gateway cannot start; its environment has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}:\n` +
        `${errors.map((line) => `  ${line}\n`).join('')}.env.example shows every variable.\n`,
    )
    process.exit(EX_CONFIG)
  }
}

/** Resolves to `undefined` if the gateway cannot start; the process then exits. */
async function start({ config, log, output }: Process): Promise<Gateway | undefined> {
  try {
    const gateway = await startGateway(config, log, { linesLost: output.linesLost })
    if (config.ignored.length > 0) log.warn({ event: 'config.ignored', variables: config.ignored })
    if (config.suspectKeys.length > 0)
      log.warn({ event: 'config.key_suspect', variables: config.suspectKeys, why: SUSPECT })
    if (config.misspelled.length > 0) log.warn({ event: 'config.misspelled', variables: config.misspelled })
    const { port, internalPort } = gateway
    log.info({
      event: 'gateway.started',
      version: VERSION,
      node: process.version,
      ...describeConfig(config),
      port,
      ...(internalPort !== port && { internal_port: internalPort }),
    })
    return gateway
  } catch (error) {
    const { host, port, internalPort: internal_port } = config
    const cause = describeError(rootCauseOf(error))
    const [exitCode, why] = explainStartFailure(error, cause.error_code ?? cause.error)
    log.fatal({ event: 'gateway.not_started', host, port, internal_port, why, ...cause })
    process.stderr.write(`The gateway cannot start:\n  ${why}\n`)
    await exit(exitCode, output)
    return undefined
  }
}

/** The first signal drains, also during the start. A second one exits at once, unless it follows within a second. */
function stopOnSignal(starting: Promise<Gateway | undefined>, { config, log, output }: Process): void {
  let firstAt: number | undefined
  const stop = async () => {
    const stopped = starting.then((gateway) => gateway?.stop())
    const drained = (await withTimeout(config.shutdownGraceMs + CLOSE_MS, stopped))?.value ?? false
    log[drained ? 'info' : 'warn']({ event: 'gateway.stopped', drained })
    await exit(0, output)
  }
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAt === undefined) {
      firstAt = performance.now()
      log.info({ event: 'gateway.stopping', signal })
      void stop()
    } else if (performance.now() - firstAt >= SECOND_SIGNAL_AFTER_MS) {
      process.exit(1)
    }
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('SIGHUP', onSignal)
}

/** Exits once the log is flushed, or cannot be. */
async function exit(code: number, output: StandardOutput): Promise<void> {
  const isDone = await output.end(LAST_LINES_MS)
  if (!isDone && output.isBlocking) process.kill(process.pid, 'SIGKILL')
  process.exit(code)
}

/** sysexits.h: EX_CONFIG if a restart would fail the same way, EX_TEMPFAIL if it may succeed. */
const EX_CONFIG = 78
const EX_TEMPFAIL = 75
const EX_BUG = 1

/**
 * The exit code and one sentence for the operator when a gateway with a valid configuration did not start.
 * @param code of the underlying error, e.g. a SQLSTATE
 */
function explainStartFailure(error: unknown, code: string): [number, string] {
  if (error instanceof ResolverSetupError) return [EX_CONFIG, `RESOLVER: ${error.message}`]
  if (error instanceof StoreSetupError)
    return [error.isTemporary ? EX_TEMPFAIL : EX_CONFIG, `${error.variable}: ${error.message}`]
  if (error instanceof StoreError) return [EX_TEMPFAIL, `DATABASE_URL: the store failed during the start (${code})`]
  switch (code) {
    case 'EADDRINUSE':
      return [EX_TEMPFAIL, `PORT: ${portOf(error)} is in use by another process`]
    case 'EAI_AGAIN':
      return [EX_TEMPFAIL, 'HOST: its name cannot be looked up at the moment (EAI_AGAIN)']
    case 'EACCES':
    case 'EPERM':
      return [EX_CONFIG, `PORT: this user may not listen on ${portOf(error)} (${code})`]
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAFNOSUPPORT':
      return [EX_CONFIG, `HOST: this machine has no such address (${code})`]
    default:
      return [EX_BUG, `an unexpected error (${code}); the log line gateway.not_started says where it came from`]
  }
}

function rootCauseOf(error: unknown): unknown {
  let cause = error
  for (let depth = 0; depth < 8 && cause instanceof Error && cause.cause !== undefined; depth += 1) cause = cause.cause
  return cause
}

function portOf(error: unknown): string {
  return error instanceof Error && 'port' in error ? `port ${String(error.port)}` : 'this port'
}
