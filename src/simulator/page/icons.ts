/** Small drawings, 24 by 24, by the words that stand in the platform's icon names; the first that fits is taken. */
const DRAWINGS: [RegExp, string][] = [
  [/(?:^|_)EDIT|PENCIL/, 'M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5'],
  [/CAR|VEHICLE|MOTOR|BIKE/, 'M4 16v-3l2-5h12l2 5v3M4 16h16M4 16v2h3v-2m10 0v2h3v-2M7 13h.01M17 13h.01'],
  [
    /VERIF|CHECK|DONE|SUCCESS|TICK|ACCEPT/,
    'M12 3l2.3 1.8 2.9.1 1 2.7 2.3 1.8-.8 2.6.8 2.7-2.3 1.7-1 2.8-2.9.1L12 21l-2.3-1.7-2.9-.1-1-2.8-2.3-1.7.8-2.7-.8-2.6 2.3-1.8 1-2.7 2.9-.1zM8.5 12l2.5 2.5 4.5-5',
  ],
  [/RELOAD|REFRESH|RETRY/, 'M19 12a7 7 0 1 1-2-5l2 2M19 4v5h-5'],
  [/LAUNCH|LINK|OPEN|EXTERNAL|SHARE/, 'M14 4h6v6M20 4l-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5'],
  [/INFO|HELP|QUESTION|ABOUT/, 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01'],
  [
    /LOCATION|MAP|PIN|PLACE|NAVIG/,
    'M12 21s7-6.2 7-11.5A7 7 0 0 0 5 9.5C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  ],
  [/PHONE|CALL|MOBILE/, 'M6 3h4l2 5-2.5 1.5a11 11 0 0 0 5 5L16 12l5 2v4a2 2 0 0 1-2 2A15 15 0 0 1 4 5a2 2 0 0 1 2-2z'],
  [/CHAT|MESSAGE|COMMENT|MAIL/, 'M4 5h16v11H9l-5 4z'],
  [/PAY|MONEY|WALLET|CARD|BANK|CASH|PRICE|LOAN|INSTALL/, 'M3 6h18v12H3zM3 10h18M7 15h4'],
  [/DOC|CONTRACT|FILE|REPORT|NOTE|PAPER|LIST|FORM/, 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6'],
  [/CALENDAR|DATE|EVENT/, 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4'],
  [/TIME|CLOCK|HISTORY|SCHEDULE/, 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2'],
  [
    /TRUCK|DELIVER|SHIP|POST|CARGO|BOX|PACK/,
    'M3 6h11v10H3zM14 10h4l3 3v3h-7M7 19a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM17 19a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z',
  ],
  [/SHIELD|SAFE|SECUR|GUARANT|INSUR/, 'M12 3l8 3v6c0 4.5-3.4 7.5-8 9-4.6-1.5-8-4.5-8-9V6zM9 12l2 2 4-4'],
  [/STAR|RATE|FAVOR|BOOKMARK|LIKE|HEART/, 'M12 4l2.5 5.2 5.5.8-4 4 1 5.6-5-2.7-5 2.7 1-5.6-4-4 5.5-.8z'],
  [/HOME|ESTATE|HOUSE|BUILDING|APARTMENT/, 'M4 11l8-7 8 7v9h-5v-6H9v6H4z'],
  [/CAMERA|IMAGE|PHOTO|VIDEO|GALLERY/, 'M4 7h4l2-2h4l2 2h4v12H4zM12 16a3 3 0 1 0 0-6 3 3 0 0 0 0 6z'],
  [/USER|PERSON|PROFILE|ACCOUNT|PEOPLE/, 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.5-6 8-6s8 2 8 6'],
  [/LOCK|KEY|PASSWORD/, 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3M12 15v2'],
  [
    /GIFT|DISCOUNT|OFFER|TAG/,
    'M4 10h16v4H4zM6 14v6h12v-6M12 10v10M12 10S8 10 8 7.5 12 6 12 10zm0 0s4 0 4-2.5S12 6 12 10z',
  ],
  [
    /TOOL|WRENCH|SETTING|REPAIR|SERVICE|INSPECT/,
    'M14 7a4 4 0 0 1 5-4l-2.5 2.5 2 2L21 5a4 4 0 0 1-5 5l-8 8a2.1 2.1 0 0 1-3-3l8-8z',
  ],
  [/SEARCH|FIND|VIEW|EYE/, 'M11 17a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM15.5 15.5L20 20'],
  [/CLOSE|CANCEL|DELETE|REMOVE|REJECT|BLOCK/, 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9 9l6 6M15 9l-6 6'],
  [/WARN|ALERT|ERROR|DANGER/, 'M12 4l9 16H3zM12 10v4M12 17h.01'],
  [/ADD|PLUS|CREATE|NEW/, 'M12 5v14M5 12h14'],
  [/SEND/, 'M4 12l16-8-5 16-3-6zM12 14l8-10'],
]
const FALLBACK = 'M12 4l8 8-8 8-8-8z'
const SVG = 'http://www.w3.org/2000/svg'

/** A drawing for an icon's name; hidden from those who listen, since the caption says it all. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', DRAWINGS.find(([words]) => words.test(name.toUpperCase()))?.[1] ?? FALLBACK)
  const title = document.createElementNS(SVG, 'title')
  title.textContent = name
  svg.append(title, path)
  return svg
}

/** A place as a picture of streets: drawn from its numbers, so that two places do not look alike. */
export function map(latitude: number, longitude: number): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 240 110')
  svg.setAttribute('class', 'map')
  svg.setAttribute('aria-hidden', 'true')
  const bend = (value: number, span: number) => Math.abs(Math.round(value * 10_000)) % span
  const [a, b] = [bend(latitude, 60), bend(longitude, 60)]
  const streets = document.createElementNS(SVG, 'path')
  streets.setAttribute(
    'd',
    `M0 ${20 + a}L240 ${60 - a / 2}M${40 + b} 0L${90 - b / 2} 110M${150 + a} 0L${180 - b} 110M0 ${90 - b / 3}L240 ${95 - a / 3}`,
  )
  const pin = document.createElementNS(SVG, 'path')
  pin.setAttribute('class', 'pin')
  pin.setAttribute('d', 'M120 70s18-16 18-31a18 18 0 0 0-36 0c0 15 18 31 18 31z')
  svg.append(streets, pin)
  return svg
}
