import { spawn } from 'node:child_process'
import { once } from 'node:events'

const COMMANDS: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Opens an address in the user's browser. Resolves to whether the system's command for it could be started. */
export async function openBrowser(url: string): Promise<boolean> {
  const [command, ...parameters] = COMMANDS[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...parameters, url], { stdio: 'ignore', detached: true })
  child.unref()
  try {
    await once(child, 'spawn')
    return true
  } catch {
    return false
  }
}
