import type { Command } from 'commander'
import * as z from 'zod'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { loadPart } from './not-in-image.ts'
import type { Output } from './output.ts'
import { portNumber } from './port-number.ts'
import { aborted, stopSignal } from './stop-signal.ts'

const options = z.object({ port: portNumber, internalPort: portNumber, simulatorPort: portNumber, appPort: portNumber })

export function registerDemo(program: Command, _output: Output, end: (code: ExitCode) => void): void {
  program
    .command('demo')
    .description('start a gateway, a sample app and a simulator of the chat together, on this machine')
    .option('--port <port>', 'the port of the gateway', '3000')
    .option('--internal-port <port>', 'the port of the gateway for your services, with the documentation', '3001')
    .option('--simulator-port <port>', 'the port of the simulator, which is opened in a browser', '4000')
    .option('--app-port <port>', 'the port of the sample app', '5050')
    .action(async (given: unknown) => {
      const { port, internalPort, simulatorPort, appPort } = options.parse(given)
      const { runDemo } = await loadPart('the demo', () => import('../demo/run-demo.ts'))
      const ports = { gateway: port, internal: internalPort, simulator: simulatorPort, app: appPort }
      await runDemo(ports, aborted(stopSignal())).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
        const taken = 'port' in error && typeof error.port === 'number' ? `port ${error.port}` : 'one'
        throw new CommandFailure(
          `the ports ${port}, ${internalPort}, ${simulatorPort} and ${appPort} are needed, and ${taken} is in use; give others: --port 3005 --internal-port 3006 --simulator-port 4005 --app-port 5055 (after -- with npm run demo)`,
          EXIT.usage,
        )
      })
      end(EXIT.ok)
    })
}
