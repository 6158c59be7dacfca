import { unwatchFile, watch, watchFile, type FSWatcher, type Stats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** Files that a program may consist of. */
const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/
const IGNORED = /^(?:\..*|node_modules)$/
const MAX_FOLDERS = 1000
/** How often the root is looked at, since a folder that was deleted and made again tells its watcher nothing. */
const ROOT_INTERVAL_MS = 500

/**
 * Watches the source files of a folder and of the folders in it, without node_modules and folders whose names begin with a dot. Each of
 * them may be deleted and made again.
 * @param onChange called for each change, maybe several times for one
 */
export async function watchFolder(root: string, onChange: () => void): Promise<{ close: () => void }> {
  const watchers = new Map<string, FSWatcher>()
  const drop = (folder: string) => {
    for (const [path, watcher] of watchers) {
      if (path !== folder && !path.startsWith(folder + sep)) continue
      watcher.close()
      watchers.delete(path)
    }
  }
  const add = async (folder: string): Promise<void> => {
    if (watchers.has(folder) || watchers.size >= MAX_FOLDERS) return
    try {
      watchers.set(
        folder,
        watch(folder, (_kind, name) => {
          onEvent(folder, name)
        }),
      )
    } catch {
      // Gone again, or the system's limit of watches is reached.
      return
    }
    watchers.get(folder)?.on('error', () => {
      drop(folder)
    })
    await addChildren(folder, () => undefined)
  }
  const onEvent = (folder: string, name: string | null) => {
    if (name === null || SOURCE.test(name)) {
      onChange()
      return
    }
    // Perhaps a folder, new or in the place of another one, with files in it.
    drop(join(folder, name))
    void addChildren(folder, onChange)
  }
  const addChildren = async (folder: string, onNew: () => void): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (!entry.isDirectory() || IGNORED.test(entry.name) || watchers.has(path)) continue
      await add(path)
      onNew()
    }
  }
  const onRoot = (now: Stats, before: Stats) => {
    if (now.ino === before.ino && now.birthtimeMs === before.birthtimeMs) return
    drop(root)
    void add(root).then(onChange)
  }
  await add(root)
  watchFile(root, { interval: ROOT_INTERVAL_MS, persistent: false }, onRoot)
  return {
    close: () => {
      unwatchFile(root, onRoot)
      drop(root)
    },
  }
}
