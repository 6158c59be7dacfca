import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, expectCount, expectText, findBarriers, openPage } from '../support/browser.ts'
import { CONSOLE_CALLERS, OPERATOR_KEY } from '../support/console.ts'
import { allowConnections, DATABASES, withStore } from '../support/databases.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answer, chatMessage, ONE_TRY, queue, until } from '../support/outbox.ts'

const where = CHROMIUM !== undefined && DATABASES.includes('postgres') ? describe : describe.skip

where('while the store is away', () => {
  test('the console says so in the strip, in the list and after an act, and goes on once the store is back', async () => {
    const store = await withStore('postgres', CONSOLE_CALLERS)
    const url = String(store['DATABASE_URL'])
    const gateway = await startTestGateway({ ...store, ...ONE_TRY })
    gateway.divar.misbehave(answer(503, '{}', { 'retry-after': '120' }))
    const id = await queue(gateway, chatMessage('c-1', 'x'))
    await until(gateway, id, 'failed')
    const { page } = await openPage(`${gateway.internalUrl}/console?open=${id}`, { language: 'en' })
    await page.locator('input[name="key"]').fill(OPERATOR_KEY)
    await page.keyboard.press('Enter')
    await page.locator('[data-act="retry"]').waitFor()

    await allowConnections(url, false)
    await page.locator('[data-act="retry"]').click()
    await expectText(page.locator('[data-toast="danger"] span:not(.mark)'), /The store does not answer|is unknown/)
    await expectText(page.locator('[data-empty]:visible h3'), 'The store does not answer')
    await expectText(page.locator('[data-item="store"]'), /store away/)
    // A page that is opened now says the same.
    await page.reload()
    await expectText(page.locator('[data-empty]:visible h3'), 'The store does not answer')
    await expectText(page.locator('[data-item="store"]'), /store away/)
    await expectCount(page.locator('[data-bulk-open]:visible'), 0)
    expect(await findBarriers(page)).toEqual([])

    await allowConnections(url, true)
    await page.locator(`.opener[data-open="${id}"]`).waitFor()
    await expectText(page.locator('[data-item="store"]'), /store ok/)
  })
})
