import { createLogger, describeError, type Logger } from './base/log.ts'
import { ConfigError, describeConfig, readConfig, type Config } from './process/config.ts'
import { startGateway, type Gateway } from './process/gateway.ts'
import { VERSION } from './base/version.ts'
import { ResolverSetupError } from './resolver/resolver.ts'
import { StoreSetupError } from './store/store.ts'

/** sysexits.h: something was found in an unconfigured or misconfigured state, or is only not there yet. */
const EX_CONFIG = 78
const EX_TEMPFAIL = 75

const config = configure()
const log = createLogger(config.logLevel)
endOnUncaught(log)
stopOnSignal(start(config, log), log)

function configure(): Config {
  try {
    return readConfig()
  } catch (error) {
    if (error instanceof ConfigError) refuseToStart(error.faults)
    throw error
  }
}

async function start(config: Config, log: Logger): Promise<Gateway> {
  try {
    const gateway = await startGateway(config, log)
    if (config.ignored.length > 0) log.warn({ event: 'config.ignored', variables: config.ignored })
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
    if (error instanceof ResolverSetupError) refuseToStart([`RESOLVER: ${error.message}`])
    if (error instanceof StoreSetupError)
      refuseToStart([`DATABASE_URL: ${error.message}`], error.mayPass ? EX_TEMPFAIL : EX_CONFIG)
    const { host, port, internalPort: internal_port } = config
    log.fatal({ event: 'gateway.not_started', host, port, internal_port, ...describeError(error) })
    process.exit(1)
  }
}

function refuseToStart(faults: readonly string[], exitCode = EX_CONFIG): never {
  process.stderr.write(
    `The gateway cannot start; its environment has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n` +
      `${faults.map((fault) => `  ${fault}\n`).join('')}.env.example shows every variable.\n`,
  )
  process.exit(exitCode)
}

/** The first signal drains, once the start is through; a second one does not wait. */
function stopOnSignal(starting: Promise<Gateway>, log: Logger): void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ event: 'gateway.stopping', signal })
    void starting
      .then((gateway) => gateway.stop())
      .then((drained) => {
        log[drained ? 'info' : 'warn']({ event: 'gateway.stopped', drained })
        process.exit(0)
      })
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
}

function endOnUncaught(log: Logger): void {
  // Also for rejections that nobody handled: Node raises these as uncaught exceptions.
  process.on('uncaughtException', (error) => {
    log.fatal({ event: 'gateway.crashed', ...describeError(error) })
    process.exit(1)
  })
}
