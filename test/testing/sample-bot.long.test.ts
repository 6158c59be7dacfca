import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { freePort } from '../../prove/support/free-port.ts'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { tempFolder } from '../support/command-line.ts'
import { eventually } from '../support/outbox.ts'
import { printedCommands, readPage, startPrinted } from '../support/printed-commands.ts'
import { decide, phone, webView } from '../support/simulator-page.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ports = { gateway: 0, simulator: 0, bot: 0 }
const running: { stop: () => Promise<unknown> }[] = []

/** The commands of its README, from the sources instead of the build, with free ports and a store of its own. */
beforeAll(async () => {
  for (const name of ['gateway', 'simulator', 'bot'] as const) ports[name] = await freePort()
  const folder = await tempFolder()
  const withPorts = (text: string) =>
    text
      .replaceAll('127.0.0.1:3000', `127.0.0.1:${ports.gateway}`)
      .replaceAll('127.0.0.1:4000', `127.0.0.1:${ports.simulator}`)
      .replaceAll('5060', String(ports.bot))
  const file = join(folder, 'bot.env')
  const environment = withPorts(readPage('examples/bot/bot.env')).replace('file:bot.db', `file:${folder}/bot.db`)
  writeFileSync(file, `${environment}PORT=${ports.gateway}\n`)
  const fromSources = (command: string) =>
    withPorts(command)
      .replace('npm run build\n', '')
      .replace('examples/bot/bot.env', file)
      .replaceAll(/^node (.*)dist\/(.*)\.js/gm, `${process.execPath} $1src/$2.ts`)
      .replaceAll(/^node /gm, `${process.execPath} `)
      .replaceAll(/main\.ts simulator .*$/gm, `$& --port ${ports.simulator}`)
  const blocks = printedCommands(readPage('examples/bot/README.md'))
  for (const [index, started] of ['Open http', '"gateway.started"', 'The bot listens'].entries()) {
    running.push(await startPrinted(fromSources(blocks[index]?.command ?? ''), root, {}, started))
  }
}, 120_000)
afterAll(() => Promise.all(running.map(({ stop }) => stop())))

async function control(path: string, body: unknown): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${ports.simulator}/simulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBeLessThan(300)
  return answer.text()
}

const state = z.object({ messages: z.array(z.looseObject({ id: z.string(), text: z.string().optional() })) })

async function findAnswer() {
  const answer = await fetch(`http://127.0.0.1:${ports.simulator}/simulator/state`)
  return state.parse(await answer.json()).messages.find(({ text }) => text?.includes('چه می‌خواهید؟'))
}

test('the sample bot answers /start with two buttons: one is answered in place, the other asks for consent', async () => {
  await control('bot/start', { side: 'buyer' })
  const { id } = await eventually(findAnswer, 'the answer of the bot')
  expect(await control('clicks', { side: 'buyer', message_id: id, row: 0, column: 0 })).toContain('نوبت شما فردا')
  expect(await control('clicks', { side: 'buyer', message_id: id, row: 1, column: 0 })).toContain('/oauth/start/cns_')
}, 60_000)

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser.each([
  ['fa', 'seller'],
  ['en', 'buyer'],
] as const)('the sample bot in a browser, in %s', (language, side) => {
  test('answers in the chat, by its first button in place, and by its second through consent on its own page', async () => {
    const { page, strangers, complaints } = await openPage(`http://127.0.0.1:${ports.simulator}`, { language })
    const user = phone(page, side)
    await user.locator('[data-start-bot]').click()
    const buttons = user.locator('[data-chat="bot"] .other').last().locator('[data-button]')
    await buttons.first().click()
    await user.locator('[data-answer]', { hasText: 'نوبت شما فردا' }).waitFor()
    await buttons.last().click()
    await decide(page, side, 'allow')
    await webView(page, side).getByText('کارشناسی: ۲۰۰٬۰۰۰ تومان').waitFor()
    expect([strangers, complaints]).toEqual([[], []])
  })
})

test('the sample bot has fewer than 60 lines', () => {
  expect(readFileSync(join(root, 'examples', 'bot', 'bot.mjs'), 'utf8').split('\n').length).toBeLessThan(60)
})
