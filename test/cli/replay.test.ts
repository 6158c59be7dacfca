import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { tempFolder, runCli } from '../support/command-line.ts'
import { KEYS } from '../support/gateway.ts'
import { resolverFile } from '../support/resolvers.ts'
import {
  SELLER_TOKEN,
  sendThrough,
  startSimulatedGateway,
  type SimulatedGateway,
} from '../support/simulated-gateway.ts'

const resolver = (path: string) =>
  resolverFile(`export default (click) => ({ url: 'https://app.example.com/${path}/' + click.side })`)

async function startWith(file: string): Promise<SimulatedGateway> {
  return startSimulatedGateway(() => ({ RESOLVER: 'module', RESOLVER_MODULE: file, LANDING_URL_TEMPLATE: undefined }))
}

async function clickIn({ simulator }: SimulatedGateway, wire: 'v1' | 'v2', side: 'seller' | 'buyer') {
  simulator.conversation.change({ wire })
  await fetch(`${simulator.url}/simulator/clicks`, { method: 'POST', body: JSON.stringify({ side }) })
}

/** Two clicks and a message, saved. */
async function recordSession(setup: SimulatedGateway): Promise<string> {
  await clickIn(setup, 'v1', 'buyer')
  await sendThrough(setup.gatewayUrl, { conversation_id: setup.simulator.world.conversationId, message: 'سلام' })
  await clickIn(setup, 'v2', 'seller')
  const folder = await tempFolder()
  expect((await runCli('record', folder, '--simulator', setup.simulator.url)).code).toBe(0)
  return folder
}

describe('a recorded session', () => {
  test('is one file for each click and message, in order, without secrets', async () => {
    const setup = await startWith(await resolver('orders'))
    const folder = await recordSession(setup)
    const names = (await readdir(folder)).toSorted()
    expect(names).toEqual(['001-click.json', '002-delivery.json', '003-click.json'])
    const all = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
    expect(JSON.parse(all[2] ?? '')).toMatchObject({
      kind: 'click',
      wire: 'v2',
      expected: { status: 200, url: 'https://app.example.com/orders/supply' },
    })
    for (const secret of [KEYS.identification, KEYS.divarApi, SELLER_TOKEN]) expect(all.join('')).not.toContain(secret)
  })

  test('replayed with --assert on the same gateway has no differences, including its messages', async () => {
    const setup = await startWith(await resolver('orders'))
    const folder = await recordSession(setup)
    const keys = ['--key', KEYS.identification, '--internal-key', KEYS.caller, '--token', SELLER_TOKEN]
    const { code, out } = await runCli('replay', folder, '--assert', '--url', setup.gatewayUrl, ...keys)
    expect([code, out.match(/^same /gm)]).toEqual([0, ['same ', 'same ', 'same ']])
  })

  test('replayed with --assert fails when the resolver was changed and prints both landings', async () => {
    const folder = await recordSession(await startWith(await resolver('orders')))
    const { gatewayUrl } = await startWith(await resolver('changed'))
    const given = ['--assert', '--url', gatewayUrl, '--key', KEYS.identification]
    const { code, out } = await runCli('replay', folder, ...given)
    expect(code).toBe(1)
    expect(out).toContain('DIFFERS 001-click.json')
    expect(out).toContain(
      'landing: expected https://app.example.com/orders/demand, got https://app.example.com/changed/demand',
    )
    expect(out).toContain('skipped 002-delivery.json')
  })

  test('newly generated ids and parameters named by --ignore-query are not differences', async () => {
    const file = await resolverFile(
      `let n = 0; export default ({ id }) => ({ url: 'https://app.example.com/?id=' + id + '&n=' + n++ })`,
    )
    const setup = await startWith(file)
    const folder = await recordSession(setup)
    const given = ['--assert', '--url', setup.gatewayUrl, '--key', KEYS.identification]
    expect((await runCli('replay', folder, ...given)).code).toBe(1)
    expect((await runCli('replay', folder, ...given, '--ignore-query', 'n')).code).toBe(0)
  })

  test('does not contain exchanges in which the simulator caused a fault', async () => {
    const setup = await startWith(await resolver('orders'))
    setup.simulator.conversation.faults.arm('wrong_key', 1)
    await clickIn(setup, 'v1', 'buyer')
    const folder = await tempFolder()
    const { err } = await runCli('record', folder, '--simulator', setup.simulator.url)
    expect(err).toContain('left out')
    expect(await readdir(folder)).toEqual([])
  })

  test('is overwritten only with --overwrite', async () => {
    const setup = await startWith(await resolver('orders'))
    const folder = await recordSession(setup)
    const again = ['record', folder, '--simulator', setup.simulator.url]
    expect((await runCli(...again)).code).toBe(2)
    await writeFile(join(folder, '009-click.json'), '{"kind":"click"}')
    expect((await runCli(...again, '--overwrite')).code).toBe(0)
    expect((await readdir(folder)).toSorted()).toEqual(['001-click.json', '002-delivery.json', '003-click.json'])
  })
})

describe('a replay without a valid session fails', () => {
  test.each(['an empty folder', 'no folder'])('%s: exit code 2', async (what) => {
    const folder = what === 'no folder' ? '/no/such/folder' : await tempFolder()
    expect((await runCli('replay', folder, '--assert', '--key', 'x')).code).toBe(2)
  })

  test('a faulty file is reported with its errors', async () => {
    const folder = await tempFolder()
    await writeFile(join(folder, '001-click.json'), '{"kind":"click"}')
    const { code, err } = await runCli('replay', folder, '--key', 'x')
    expect([code, err]).toEqual([2, expect.stringMatching(/001-click\.json[^]*body/)])
  })
})
