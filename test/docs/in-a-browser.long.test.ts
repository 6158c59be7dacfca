import { beforeAll, describe, expect, test } from '@jest/globals'
import { CHROMIUM, expectCount, expectSoon, expectText, findBarriers, openTab } from '../support/browser.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { V2 } from '../support/messages.ts'

/** The groups of routes are made alike. */
const KINDS_OF_PAGES = ['', '/messages', '/schemas', '/errors']

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

let gateway: TestGateway
let url: string
beforeAll(async () => {
  gateway = await startTestGateway({ INTERNAL_PORT: '0' })
  url = `${gateway.internalUrl}/docs`
})

inBrowser('everybody can read the pages', () => {
  test.each([
    ['fa-IR', 'light', 1280],
    ['en-GB', 'dark', 1280],
    ['fa-IR', 'dark', 360],
    ['en-GB', 'light', 360],
  ] as const)(
    '%s, %s, %i px: no WCAG 2 A or AA violation, no sideways scrolling, no request to another host',
    async (locale, colorScheme, width) => {
      const language = locale.slice(0, 2)
      for (const name of KINDS_OF_PAGES) {
        const address = `/docs${name}?lang=${language}`
        const { page, strangers, complaints } = await openTab(`${gateway.internalUrl}${address}`, {
          locale,
          colorScheme,
          width,
        })
        await page.locator('[data-search]:not([hidden])').waitFor()
        expect([address, await page.locator('html').getAttribute('lang')]).toEqual([address, language])
        expect(await page.evaluate('document.fonts.ready.then(() => document.fonts.check("16px Vazirmatn"))')).toBe(
          true,
        )
        expect([address, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([address, width])
        expect([address, await findBarriers(page)]).toEqual([address, []])
        expect([strangers, complaints]).toEqual([[], []])
        await page.context().close()
      }
    },
  )

  test.each([
    ['queue_full', '/errors'],
    ['sendMessage', '/messages'],
    ['schema-Problem', '/schemas'],
    ['routes-consent', '/consent'],
  ])('/docs#%s, an address of before there were many pages, leads to its section on %s', async (anchor, name) => {
    const { page } = await openTab(`${url}#${anchor}`, { locale: 'en-GB' })
    await page.waitForURL((address) => address.pathname === `/docs${name}`)
  })

  test('the skip link and the language switch work with the keyboard alone', async () => {
    const { page } = await openTab(`${url}/errors`)
    await page.keyboard.press('Tab')
    await page.locator('.skip:focus').waitFor()
    await page.keyboard.press('Enter')
    await page.locator('main:focus').waitFor()
    await page.locator('[hreflang]').focus()
    await page.keyboard.press('Enter')
    await page.locator('html[lang="en"]').waitFor()
    expect(new URL(page.url()).pathname).toBe('/docs/errors')
  })
})

inBrowser('the search', () => {
  test('opens with /, finds routes, fields, codes and headings, and is used with the keyboard alone', async () => {
    const { page } = await openTab(url, { locale: 'en-GB' })
    const options = page.locator('#found [role="option"]')
    for (const [asked, found] of [
      ['post /messages/check', 'POST /messages/check'],
      ['receiver_btn', 'receiver_btn'],
      ['idempotency-key', 'Idempotency-Key'],
      ['TextToTriple', 'TextToTriple'],
      ['retry safely', 'Retry safely'],
    ] as const) {
      await page.keyboard.press('/')
      await page.keyboard.type(asked)
      await options.filter({ hasText: found }).first().waitFor()
      await page.keyboard.press('Escape')
      await page.locator('#found').waitFor({ state: 'hidden' })
      await expectCount(page.locator('input:focus'), 0)
    }
    await page.keyboard.press('/')
    await page.keyboard.type('queue_f')
    await options.first().waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await expectText(page.locator('[aria-selected="true"] .found-title'), 'queue_full')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${url}/errors?lang=en#queue_full`)
  })

  test('finds Persian words typed with an Arabic keyboard, and says when there is nothing', async () => {
    const { page } = await openTab(url, { locale: 'fa-IR' })
    await page.keyboard.press('/')
    await page.keyboard.type('كدهاي خطا')
    await page.locator('#found [role="option"]').filter({ hasText: 'کدهای خطا' }).waitFor()
    await page.keyboard.type('xyz')
    await page.locator('#found').filter({ hasText: 'چیزی پیدا نشد' }).waitFor()
  })
})

inBrowser('the code', () => {
  test('is in tabs that all follow the chosen language, also on the next page, and is for the gateway that serves the page', async () => {
    const { page } = await openTab(`${url}/messages`, { locale: 'en-GB' })
    await page.locator('[data-tab="sendMessage-python"]').click()
    await page.locator('[data-tab="checkMessage-python"][aria-selected="true"]').waitFor()
    const code = page.locator('#panel-sendMessage-python pre')
    expect(await code.textContent()).toContain(`"${gateway.internalUrl}/messages"`)
    await page.goto(`${url}/consent`)
    await page.locator('[data-tab="listGrants-python"][aria-selected="true"]').waitFor()
  })

  test('is copied with one press', async () => {
    const { page } = await openTab(`${url}/messages`, { locale: 'en-GB' })
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.locator('#panel-sendMessage-curl').getByRole('button', { name: 'Copy' }).click()
    await page.locator('[data-announce]').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' })
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain(`curl -s '${gateway.internalUrl}/messages'`)
  })
})

inBrowser('Try it', () => {
  test('is there whatever stands after # in the address', async () => {
    const { page, complaints } = await openTab(`${url}/messages?lang=en#100%`, { locale: 'en-GB' })
    await page.locator('[data-try-it="sendMessage"]').waitFor()
    await page.locator('[data-search]:not([hidden])').waitFor()
    expect(complaints).toEqual([])
  })

  test('sends the message of the form through this gateway and shows its answer; the key is kept nowhere', async () => {
    const { page, complaints } = await openTab(`${url}/messages?lang=en`, { locale: 'en-GB' })
    const form = page.locator('[data-try-it="sendMessage"]')
    await form.locator('summary').first().click()
    await form.locator('input[name="x-api-key"]').fill(KEYS.caller)
    await form.locator('input[name="x-access-token"]').fill(KEYS.token)
    await form.locator('textarea').fill(JSON.stringify(V2))
    await form.getByRole('button', { name: 'Send' }).click()
    await form.locator('[data-status="200"]').waitFor()
    expect(await form.locator('.json').textContent()).toContain('msg_')
    expect(gateway.divar.received).toHaveLength(1)
    expect(await findBarriers(page)).toEqual([])
    const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')
    expect(String(stored)).not.toContain(KEYS.caller)
    expect(complaints).toEqual([])
    // The other forms of the page have the key, and a new page has not.
    const other = page.locator('[data-try-it="checkMessage"]')
    await other.locator('summary').first().click()
    await expectSoon(() => other.locator('input[name="x-api-key"]').inputValue(), KEYS.caller)
    await page.reload()
    await form.locator('summary').first().click()
    expect(await form.locator('input[name="x-api-key"]').inputValue()).toBe('')
  })

  test('shows an error with its status, and fills the path', async () => {
    const { page } = await openTab(`${url}/platform-calls?lang=en`, { locale: 'en-GB' })
    const form = page.locator('[data-try-it="Finder_GetPost"]')
    await form.locator('summary').first().click()
    expect(await form.locator('input[name="token"]').inputValue()).toBe('AZf3Uqr3')
    await form.locator('input[name="x-api-key"]').fill('wrong')
    await form.getByRole('button', { name: 'Send' }).click()
    await form.locator('[data-status="401"]').waitFor()
    expect(await form.locator('.json').textContent()).toContain('x-api-key: expected one of the keys')
  })
})

inBrowser('without JavaScript', () => {
  test('every page has its text, its code and its links', async () => {
    const { page } = await openTab('about:blank', { locale: 'en-GB' })
    const plain = await page.context().browser()?.newContext({ javaScriptEnabled: false, locale: 'en-GB' })
    const tab = await plain?.newPage()
    await tab?.goto(`${url}/messages`)
    await tab?.locator('#sendMessage [data-sample="go"] summary').click()
    await tab?.locator('#sendMessage [data-sample="go"] pre').waitFor()
    await tab?.goto(`${url}#queue_full`)
    await tab?.locator('#queue_full a').click()
    await tab?.waitForURL(`${url}/errors?lang=en#queue_full`)
    await plain?.close()
  })
})
