import { codeBlock } from '../../ui/code-block.ts'
import { changeLanguage } from '../../ui/language.ts'
import { followMoved, placeNamed } from './moved.ts'
import { showSamples } from './samples.ts'
import { startSearch } from './search.ts'
import { forThisGateway } from './this-gateway.ts'
import { offerTry } from './try-it.ts'

// The page is written in one language; what is added here follows it.
changeLanguage(document.documentElement.lang === 'fa' ? 'fa' : 'en')

followMoved()
window.addEventListener('hashchange', followMoved)

for (const place of document.querySelectorAll<HTMLElement>('[data-samples]')) showSamples(place)
for (const data of document.querySelectorAll('[data-try]')) offerTry(data)
for (const block of document.querySelectorAll('.prose pre:not(.notation)')) {
  block.replaceWith(codeBlock(forThisGateway(block.textContent.trimEnd()), { fa: 'کد', en: 'Code' }))
}
startSearch()

// What stood at an anchor may have moved while the samples became tabs.
placeNamed(location.hash)?.scrollIntoView()
