/** The only origin that landings may have. */
export const ALLOWED = 'https://app.example.com'

/** Unusual but valid landings, which must be accepted. */
export const SOUND_LANDINGS: readonly string[] = [
  `${ALLOWED}/`,
  ALLOWED,
  `${ALLOWED}/a?b=c#d`,
  `${ALLOWED}:443/x`,
  'HTTPS://APP.EXAMPLE.COM/x',
  `${ALLOWED}/?next=https://evil.example/`,
  `${ALLOWED}/#https://evil.example/`,
  `${ALLOWED}/%2e%2e/x`,
  `${ALLOWED}//evil.example/`,
  `${ALLOWED}/@evil.example/`,
  `${ALLOWED}/آگهی?شهر=تهران`,
]

const E = 'evil.example'

/** Landings on foreign origins, with credentials, or that are not web addresses. */
export const HOSTILE_LANDINGS: readonly string[] = [
  // No place to go to.
  'javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' javascript:alert(1)', 'java\tscript:alert(1)', 'java\nscript:alert(1)', '\u0001javascript:alert(1)',
  'javascript://app.example.com/%0aalert(1)', 'javascript:https://app.example.com/', 'data:text/html,<script>alert(1)</script>', 'data:text/html;base64,PHNjcmlwdD4=',
  'vbscript:msgbox(1)', 'blob:https://app.example.com/1', 'file:///etc/passwd', 'ftp://app.example.com/', 'intent://app.example.com/#Intent;scheme=https;end', 'about:blank',
  'view-source:https://app.example.com/', 'tel:+98', 'sms:+98', 'filesystem:https://app.example.com/x', 'ws://app.example.com/', 'wss://app.example.com/',
  // Foreign origins in unusual spellings.
  `//${E}`, `///${E}`, `////${E}`, `/\\${E}`, `\\\\${E}`, `\\/${E}`, `https:${E}`, `https:/${E}`, `https:///${E}`, `https:\\\\${E}`, `https:/\\${E}`, `HTTPS://${E}`,
  `http://${E}`, `https://${E}`, `https://${E}/app.example.com`, `https://${E}?app.example.com`, `https://${E}#app.example.com`, `https://${E}\\app.example.com`,
  `https://${E}\\@app.example.com`, `${ALLOWED}\\@${E}`, `${ALLOWED}\\.${E}`,
  // Credentials that look like a host.
  `${ALLOWED}@${E}`, `${ALLOWED}:443@${E}/`, `https://app.example.com%40${E}`, `https://app.example.com%2f@${E}`, `https://user:pass@app.example.com/`, `https://@app.example.com/`, `https://:@${E}`,
  // Names that are near.
  `${ALLOWED}.${E}`, `https://evilapp.example.com/`, 'https://example.com/', 'https://app.example.com.', 'https://app.example.comm/', `https://app.example.co/m`, `https://app-example.com/`,
  `${ALLOWED}:8443/`, `${ALLOWED}:80/`, 'http://app.example.com/', 'https://app.example.com:/\\evil.example',
  // Names in letters that look alike, or become others.
  'https://аpp.example.com/', 'https://app.exаmple.com/', 'https://app.examp1e.com/', 'https://xn--pp-8cd.example.com/', 'https://evil。example/', `https://${E}／app.example.com`,
  'https://app.example.com℀.evil.example/', 'https://evil.exampleⒸom/', `https://app.example.com\u2044.${E}/`, 'https://ⓔvil.example/', 'https://ＥＶＩＬ.example/', `https://app.example.com\u3002${E}`,
  // Dots and slashes in other clothes.
  `https://evil%2eexample/`, `https:%2f%2f${E}`, `%2f%2f${E}`, `/%09/${E}`, `/%5c${E}`, `/.${E}`, `https://app.example.com%00.${E}`, `https://app.example.com%23.${E}`, `https://app.example.com%2e.${E}/`, `https://app%2eexample%2ecom.${E}/`,
  // Characters that browsers drop, or that end a header or a line.
  `\thttps://${E}`, ` https://${E}`, `https://${E} `, `ht\ntps://${E}`, `https:/\t/${E}`, `https://app.exa\tmple.com@${E}`, `${ALLOWED}/\r\nlocation: https://${E}/`, `${ALLOWED}/\r\n\r\n<script>`,
  `${ALLOWED}/\u0000`, `${ALLOWED}\u0000.${E}`, `${ALLOWED}/\u0085x`, `${ALLOWED}/\u2028x`, `${ALLOWED}/ x`, `\u00a0https://${E}`, `\ufeffhttps://${E}`,
  // Numbers, for a name.
  'https://2130706433/', 'https://0x7f.1/', 'https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'http://localhost/', 'http://127.0.0.1/', 'http://[::1]:80/',
  // Not an address.
  '', '/', '.', '..', '?x', '#x', 'app.example.com', 'app.example.com/x', 'https', 'https:', 'https://', 'https://:443', 'https://?', 'https://#', `https://[${E}]/`, 'https://[', 'https://app.example.com:99999/', 'https://app.example.com:x/',
  `${ALLOWED}/${'a'.repeat(5000)}`, `https://${'a'.repeat(300)}.${E}/`,
] // prettier-ignore
