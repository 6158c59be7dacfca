import { printedCommands, readPage } from './printed-commands.ts'

/** With the two mistakes that docs/command-line.md shows. */
export const BAD_MESSAGE = {
  conversation_id: 'c-1',
  message: ' ',
  sender_btn: { action: 'DIRECT_LINK', data: { caption: 'a', icon_name: 'INFO', direct_link: '/a' } },
}

/** The commands of docs/command-line.md: its keys, its gateway and its simulator come first. */
export function commandLinePage() {
  const [keys, gateway, simulator, ...commands] = printedCommands(readPage('docs/command-line.md'))
  return {
    gateway: gateway?.command,
    simulator: simulator?.command,
    commands,
    /** As printed, with free ports; a command whose default is a port gets it as an option. */
    asPrinted: (command: string, ports: { gateway: number; simulator: number }) => {
      const at = { gateway: `http://127.0.0.1:${ports.gateway}`, simulator: `http://127.0.0.1:${ports.simulator}` }
      return `${keys?.command ?? ''}${command}`
        .replaceAll('http://127.0.0.1:3000', at.gateway)
        .replaceAll('http://127.0.0.1:4000', at.simulator)
        .replaceAll(/main\.js (?:trigger|send|replay) .*$/gm, `$& --url ${at.gateway}`)
        .replaceAll(/main\.js record .*$/gm, `$& --simulator ${at.simulator}`)
        .replaceAll(/main\.js simulator .*$/gm, `$& --port ${ports.simulator}`)
    },
  }
}
