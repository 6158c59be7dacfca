import type { FrameLocator, Locator, Page } from 'playwright-core'

type PhoneSide = 'seller' | 'buyer'

/** One side's phone on the simulator's page. */
export const phone = (page: Page, side: PhoneSide): Locator => page.locator(`[data-phone="${side}"]`)

/** What is open in the web view over that phone's chat. */
export const webView = (page: Page, side: PhoneSide): FrameLocator =>
  phone(page, side).frameLocator('[data-webview] iframe')

/** Answers the consent page that is open there. */
export const decide = (page: Page, side: PhoneSide, decision: 'allow' | 'deny'): Promise<void> =>
  webView(page, side).locator(`[name="decision"][value="${decision}"]`).click()

/** Shows a tab beside the phones; in a narrow window, a tab or a phone in place of what is shown. */
export const show = (page: Page, view: PhoneSide | 'compose' | 'timeline' | 'faults'): Promise<void> =>
  page.locator(`:is([data-tab="${view}"], [data-go="${view}"]):visible`).click()
