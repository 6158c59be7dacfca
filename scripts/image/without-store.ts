import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ask } from './ask.ts'
import type { ImageConfig } from './buildah.ts'
import { askHealth, readIdentity, tryToWrite, type Container, type Tools } from './container.ts'
import { CALLER_KEY, DIVAR_KEY, live, type Rig } from './life.ts'
import { expect, say } from './report.ts'

const CLICK = { post_token: 'AZf3Uqr3', user_id: 'u1', peer_id: 'u2' }
const LANDING = {
  status: '200',
  message: 'success',
  url: 'https://app.example.com/start?post_token=AZf3Uqr3',
}

/** What holds of every container of the image, tried on the smallest one. */
export async function checkWithoutStore(rig: Rig): Promise<void> {
  await live(rig, {}, async ({ container, port, closedPort }) => {
    checkIdentity(container)
    checkReadOnly(container, rig.image)
    await checkHealth(rig.tools, container, rig.image, closedPort)
    await checkClick(port)
    await checkReference(port)
  })
}

function checkIdentity(container: Container): void {
  const { executable, pidInside, uids, gids, capabilities } = readIdentity(container)
  expect(basename(executable) === 'node', `its first process is ${executable}, not node`)
  expect(pidInside === '1', `node is process ${pidInside} of the container, not the first`)
  expect(!/\b0\b/.test(`${uids} ${gids}`), `it runs as root: user ids ${uids}, group ids ${gids}`)
  expect(BigInt(`0x${capabilities}`) === 0n, `it holds capabilities: ${capabilities}`)
  say(`ok: node is process 1, user ${uids.split('\t')[0] ?? ''}, group ${gids.split('\t')[0] ?? ''}, no capabilities`)
}

function checkReadOnly(container: Container, image: ImageConfig): void {
  for (const folder of new Set(['/', image.workingFolder])) {
    const refusal = tryToWrite(container, folder)
    expect(refusal === 'EROFS', `a write into ${folder} was not refused as read-only: ${refusal ?? 'it worked'}`)
  }
  say('ok: its file system is read-only')
}

async function checkHealth(tools: Tools, container: Container, image: ImageConfig, closedPort: number): Promise<void> {
  const well = await askHealth(tools, container, image)
  expect(well.code === 0, `its health check ends with ${well.code ?? 'a signal'}: ${well.stdout}${well.stderr}`)
  // A check that cannot fail says nothing.
  const ill = await askHealth(tools, container, image, { PORT: String(closedPort) })
  expect(ill.code === 1, `its health check ends with ${ill.code ?? 'a signal'} where nothing listens, not with 1`)
  say('ok: its health check says 0, and 1 where nothing listens')
}

async function checkClick(port: number): Promise<void> {
  const { status, text, json } = await ask(port, '/divar/session', {
    method: 'POST',
    headers: { authorization: DIVAR_KEY, 'content-type': 'application/json' },
    body: JSON.stringify(CLICK),
  })
  const landed = status === 200 && isDeepStrictEqual(json, LANDING)
  expect(landed, `a click was answered ${status} ${text}, not 200 ${JSON.stringify(LANDING)}`)
  say('ok: a click gets its landing')
}

/** What the build made to be read is there, and whole. */
async function checkReference(port: number): Promise<void> {
  for (const [path, expected] of [
    ['/openapi.json', '"openapi":"3.1'],
    ['/docs?lang=en', 'id="invalid_message"'],
    ['/docs?lang=fa', 'id="invalid_message"'],
    ['/docs/errors', 'id="invalid_message"'],
    ['/docs/assets/tokens.css', '--accent'],
  ] as const) {
    const { status, text } = await ask(port, path, { headers: { 'x-api-key': CALLER_KEY } })
    expect(status === 200 && text.includes(expected), `${path} was answered ${status}, without ${expected}`)
  }
  say('ok: its routes are described')
}
